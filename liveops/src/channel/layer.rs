use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{ChannelError, Cursor, Frame, Notice, Payload, PublishError, Signal, Subscription};
use crate::{
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// Carries frames between processes and keeps the newest state of each channel.
///
/// A channel has at most one history at a time, its epoch. [`open`](Self::open) begins one with a
/// snapshot as its first frame, [`publish`](Self::publish) goes on with it, and
/// [`catch_up`](Self::catch_up) tells a client what it missed. Each of them is atomic: the sequence
/// number, the retained state and the order in which subscribers get frames agree.
///
/// Attempts fence: whoever opens a channel takes it over from every smaller attempt, and what those
/// publish afterwards is refused.
#[async_trait]
pub trait ChannelLayer: fmt::Debug + Send + Sync + 'static {
    /// Begins a new history with `snapshot`, which holds every region of the operation.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stale`] when a later attempt holds the channel, and for [`OpenedBy::Queue`] also
    /// when this one does; [`PublishError::Backend`] when the backend failed.
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError>;

    /// Publishes the next frame of the history that this attempt opened.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stale`] when a later attempt holds the channel, [`PublishError::NotOpen`]
    /// when this attempt never opened it or the backend lost its state,
    /// [`PublishError::Backend`] when the backend failed.
    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError>;

    /// What a client that has come to `since` is missing; a client without a place has nothing.
    /// `None` says that nothing is retained: look at the operation's row.
    ///
    /// To miss nothing, [`subscribe`](Self::subscribe) first.
    ///
    /// # Errors
    ///
    /// When the backend failed.
    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError>;

    /// Delivers every frame and every notice from now on.
    ///
    /// A layer that may have lost some, to a connection that broke say, delivers [`Lagged`] when it
    /// is back: the only way in which those who wait for a notice learn of a loss.
    ///
    /// # Errors
    ///
    /// When the backend failed.
    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError>;

    /// Tells the subscribers of a list what changed in it, or those of
    /// [`workers`](ChannelName::workers) what there is to do. Nothing is retained: whoever subscribes
    /// looks for itself first.
    ///
    /// # Errors
    ///
    /// When the backend failed.
    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError>;

    /// Whether the backend answers, over the way that [`publish`](Self::publish) takes. Changes nothing.
    ///
    /// Need not give up by itself on a backend that says nothing: whoever asks drops the future then.
    ///
    /// # Errors
    ///
    /// When it does not.
    async fn ping(&self) -> Result<(), ChannelError>;
}

/// Who begins the history of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedBy {
    /// Whoever makes the attempt.
    Run,
    /// Whoever put the operation into the queue, with what is shown until the attempt is made.
    /// Whoever makes it may be faster, and then what it shows is newer: so this never takes the
    /// place of a history of the same attempt.
    Queue,
}

/// What the channel layer knows of a channel, for a client that has come some way.
#[derive(Debug, Clone, PartialEq)]
pub struct CatchUp {
    /// The place of the newest frame.
    pub cursor: Cursor,
    /// Whether the operation has ended in this history.
    pub ended: bool,
    /// What the client is missing.
    pub answer: CatchUpAnswer,
}

/// What a client is missing.
#[derive(Debug, Clone, PartialEq)]
pub enum CatchUpAnswer {
    /// Nothing.
    UpToDate,
    /// What changed since.
    Delta(CatchUpContent),
    /// Everything: the client's place is not in what is retained.
    Reset(CatchUpContent),
}

impl CatchUpAnswer {
    /// The signals that the client has not been given.
    pub fn signals(&self) -> &[Signal] {
        match self {
            Self::UpToDate => &[],
            Self::Delta(content) | Self::Reset(content) => &content.signals,
        }
    }

    /// The frames that bring a client to `cursor`: one for all the fragments, and one for each
    /// signal.
    ///
    /// A client that is cut off in between has come as far as the last frame it got: the place of
    /// each is as if the signals were the newest frames of their history, which they are.
    pub fn into_frames(self, cursor: Cursor) -> Vec<Frame> {
        let (content, is_reset) = match self {
            Self::UpToDate => return Vec::new(),
            Self::Delta(content) => (content, false),
            Self::Reset(content) => (content, true),
        };
        let mut left = content.signals.len() as u64;
        let fragments = (is_reset || !content.fragments.is_empty()).then(|| Frame {
            cursor: cursor.before(left),
            payload: Payload::Fragments(content.fragments),
        });
        let signals = content.signals.into_iter().map(|signal| {
            left -= 1;
            Frame { cursor: cursor.before(left), payload: Payload::Signal(signal) }
        });
        fragments.into_iter().chain(signals).collect()
    }
}

/// Fragments and signals that bring a client up to date.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatchUpContent {
    /// The newest fragments of every region concerned.
    pub fragments: Vec<Fragment>,
    /// The signals that were given.
    pub signals: Vec<Signal>,
}

/// What a subscriber gets.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// The next frame.
    Frame(Arc<Frame>),
    /// Something to be told of.
    Notice(Notice),
}

/// Something was published that this subscriber did not get: catch up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("fell behind")]
pub struct Lagged;
