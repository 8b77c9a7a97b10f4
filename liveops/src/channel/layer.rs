//! The [`ChannelLayer`] contract, which every backend implements, and the answers of a catch-up.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{ChannelError, Cursor, Frame, Notice, Payload, PublishError, Signal, Subscription};
use crate::{
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// A transport for frames between processes that also retains the newest state of each channel.
///
/// A channel has at most one history at a time, named by its epoch. [`open`](Self::open) begins a history
/// with a snapshot as its first frame, [`publish`](Self::publish) appends a frame, and
/// [`catch_up`](Self::catch_up) returns the content that a client lacks. Each call is atomic: the sequence
/// number, the retained state and the order in which subscribers receive frames agree.
///
/// The attempt is a fencing token. Opening a channel takes the channel over from every earlier attempt, and
/// later publications of an earlier attempt are refused.
///
/// With the feature `testing`, the macro `liveops::testing::channel_layer_tests!` tests an implementation
/// against this contract. [`RetainedState`](super::RetainedState) and
/// [`DeliverySender`](super::DeliverySender) are the parts of an implementation that keeps its state in
/// memory.
///
/// An application can implement a layer of its own. The crate of the layer needs `async-trait` as a
/// dependency. The layer in this example keeps its channels in the process, for as long as the process runs.
/// A layer for several processes keeps the retained states on its server, and delivers the frames that the
/// server sends:
///
/// ```
/// use std::{
///     collections::HashMap,
///     sync::{Mutex, PoisonError},
/// };
///
/// use async_trait::async_trait;
/// use liveops::{
///     Attempt, ChannelName,
///     channel::{
///         CatchUp, ChannelError, ChannelLayer, Cursor, Delivery, DeliverySender, Epoch, Fragment,
///         Frame, Notice, OpenedBy, Payload, PublishError, RetainedState, Subscription,
///     },
/// };
///
/// #[derive(Debug, Default)]
/// struct MyLayer {
///     channels: Mutex<HashMap<ChannelName, Channel>>,
/// }
///
/// #[derive(Debug, Default)]
/// struct Channel {
///     retained: Option<RetainedState>,
///     deliveries: DeliverySender,
/// }
///
/// impl MyLayer {
///     /// Holds the lock during the whole call of `f`, which makes the call atomic.
///     fn with<T>(&self, name: &ChannelName, f: impl FnOnce(&mut Channel) -> T) -> T {
///         let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
///         f(channels.entry(name.clone()).or_default())
///     }
/// }
///
/// impl Channel {
///     fn deliver(&self, cursor: Cursor, payload: Payload) -> Cursor {
///         self.deliveries.deliver(Delivery::Frame(Frame { cursor, payload }.into()));
///         cursor
///     }
/// }
///
/// #[async_trait]
/// impl ChannelLayer for MyLayer {
///     async fn open(
///         &self,
///         channel: &ChannelName,
///         attempt: Attempt,
///         opened_by: OpenedBy,
///         snapshot: Vec<Fragment>,
///     ) -> Result<Cursor, PublishError> {
///         self.with(channel, |channel| {
///             if let Some(retained) = &channel.retained {
///                 let current = retained.cursor().epoch.attempt;
///                 let is_waiting = opened_by == OpenedBy::Queue;
///                 if current > attempt || (current == attempt && is_waiting) {
///                     return Err(PublishError::Stale { current });
///                 }
///             }
///             let retained = RetainedState::open(Epoch::begin(attempt), &snapshot);
///             let cursor = retained.cursor();
///             channel.retained = Some(retained);
///             Ok(channel.deliver(cursor, Payload::Fragments(snapshot)))
///         })
///     }
///
///     async fn publish(
///         &self,
///         channel: &ChannelName,
///         attempt: Attempt,
///         payload: Payload,
///     ) -> Result<Cursor, PublishError> {
///         self.with(channel, |channel| {
///             let retained = channel.retained.as_mut().ok_or(PublishError::NotOpen)?;
///             let current = retained.cursor().epoch.attempt;
///             if current > attempt {
///                 return Err(PublishError::Stale { current });
///             }
///             if current < attempt {
///                 return Err(PublishError::NotOpen);
///             }
///             let cursor = retained.push(&payload);
///             Ok(channel.deliver(cursor, payload))
///         })
///     }
///
///     async fn catch_up(
///         &self,
///         channel: &ChannelName,
///         since: Option<Cursor>,
///     ) -> Result<Option<CatchUp>, ChannelError> {
///         let catch_up = |retained: &RetainedState| retained.catch_up(since);
///         Ok(self.with(channel, |channel| channel.retained.as_ref().map(catch_up)))
///     }
///
///     async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
///         Ok(self.with(channel, |channel| channel.deliveries.subscribe()))
///     }
///
///     async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
///         self.with(channel, |channel| channel.deliveries.deliver(Delivery::Notice(notice)));
///         Ok(())
///     }
///
///     async fn ping(&self) -> Result<(), ChannelError> {
///         Ok(()) // a layer with a server sends a request on the connection of `publish`
///     }
/// }
///
/// // The tests of the crate:
/// # #[cfg(feature = "testing")]
/// liveops::testing::channel_layer_tests!(Some(MyLayer::default()));
/// #
/// # // A documentation test does not run `#[test]` functions.
/// # #[cfg(feature = "testing")]
/// # #[tokio::main]
/// # async fn main() {
/// #     use liveops::testing::channel_layer as claims;
/// #     claims::a_channel_must_be_opened_before_it_is_published_on(MyLayer::default()).await;
/// #     claims::frames_are_numbered_without_a_gap(MyLayer::default()).await;
/// #     claims::subscribers_get_every_frame_in_order(MyLayer::default()).await;
/// #     claims::a_later_attempt_takes_the_channel_over(MyLayer::default()).await;
/// #     claims::a_waiting_operation_is_shown_until_its_attempt_starts(MyLayer::default()).await;
/// #     claims::opening_again_begins_a_new_history(MyLayer::default()).await;
/// #     claims::a_channel_that_was_never_opened_has_no_state(MyLayer::default()).await;
/// #     claims::a_known_cursor_gets_what_changed_since(MyLayer::default()).await;
/// #     claims::any_other_cursor_gets_everything(MyLayer::default()).await;
/// #     claims::a_cursor_in_a_replaced_history_gets_everything(MyLayer::default()).await;
/// #     claims::signals_are_retained(MyLayer::default()).await;
/// #     claims::a_list_subscriber_receives_changes(MyLayer::default()).await;
/// #     claims::a_subscriber_that_fell_behind_is_notified_and_continues(MyLayer::default()).await;
/// # }
/// # #[cfg(not(feature = "testing"))]
/// # fn main() {}
/// ```
#[async_trait]
pub trait ChannelLayer: fmt::Debug + Send + Sync + 'static {
    /// Begins a new history with `snapshot`, which must hold every region of the operation.
    ///
    /// # Errors
    ///
    /// [`PublishError::Stale`] when a later attempt holds the channel, with [`OpenedBy::Queue`] also when
    /// this attempt holds the channel. [`PublishError::Backend`] when the backend fails.
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
    /// [`PublishError::Stale`] when a later attempt holds the channel. [`PublishError::NotOpen`] when this
    /// attempt has not opened the channel, or the backend lost the state of the channel.
    /// [`PublishError::Backend`] when the backend fails.
    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError>;

    /// Returns everything published after `since`. With `None` the client has no state yet and gets a full
    /// snapshot.
    ///
    /// The client also gets a full snapshot when `since` is older than the retained state, ahead of it, or
    /// in another epoch. The method returns `Ok(None)` when the layer retains nothing for the channel; the
    /// caller then reads the operation's row.
    ///
    /// To miss no frame, call [`subscribe`](Self::subscribe) before `catch_up`.
    ///
    /// # Errors
    ///
    /// Returns an error if the backend fails.
    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError>;

    /// Subscribes to every frame and every notice published from now on. A layer of several servers may
    /// also deliver frames published shortly before. A receiver skips frames at or below its cursor.
    ///
    /// A layer that may have lost deliveries, for example during a broken connection, sends [`Lagged`]
    /// after it has reconnected. Notices are not retained, so [`Lagged`] is the only sign of a lost notice.
    ///
    /// # Errors
    ///
    /// Returns an error if the backend fails.
    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError>;

    /// Sends a notice to the current subscribers of a list, or to the workers on [`ChannelName::workers`].
    ///
    /// The layer does not retain notices. A new subscriber reads the database first.
    ///
    /// # Errors
    ///
    /// Returns an error if the backend fails.
    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError>;

    /// Checks that the backend answers on the connection that [`publish`](Self::publish) uses. Changes
    /// nothing.
    ///
    /// The method needs no timeout of its own: the caller drops the future when the backend takes too long.
    ///
    /// # Errors
    ///
    /// Returns an error if the backend does not answer.
    async fn ping(&self) -> Result<(), ChannelError>;
}

/// The caller that begins the history of an attempt.
///
/// [`ChannelLayer`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedBy {
    /// The worker that runs the attempt.
    Run,
    /// The process that put the operation into the queue. The snapshot shows the waiting operation. If the
    /// worker has already opened the channel for the same attempt, its state is newer, so the layer refuses
    /// this snapshot.
    Queue,
}

/// The answer to a [`catch_up`](ChannelLayer::catch_up).
///
/// [`RetainedState`](super::RetainedState) has an example.
#[derive(Debug, Clone, PartialEq)]
pub struct CatchUp {
    /// The position of the newest frame.
    pub cursor: Cursor,
    /// `true` if the operation has ended in this history.
    pub ended: bool,
    /// `true` if a worker of another process may have started the waiting operation unnoticed: the history was
    /// opened by [`OpenedBy::Queue`], and the layer reaches no other process. The caller then also reads the
    /// operation's row. A layer that is shared by all processes answers `false`.
    pub is_provisional: bool,
    /// The content that the client lacks.
    pub answer: CatchUpAnswer,
}

/// The content that a client lacks.
///
/// [`RetainedState`](super::RetainedState) has an example.
#[derive(Debug, Clone, PartialEq)]
pub enum CatchUpAnswer {
    /// No content: the client's cursor is the newest.
    UpToDate,
    /// The regions that changed, and the signals sent, after the client's cursor.
    Delta(CatchUpContent),
    /// The full snapshot. The retained history does not cover the client's cursor.
    Reset(CatchUpContent),
}

impl CatchUpAnswer {
    /// Returns the signals that the client has not received.
    pub fn signals(&self) -> &[Signal] {
        match self {
            Self::UpToDate => &[],
            Self::Delta(content) | Self::Reset(content) => &content.signals,
        }
    }

    /// Returns the frames that take a client to `cursor`: one frame with all fragments, then one frame per
    /// signal.
    ///
    /// The frames are numbered as if the signals were the newest frames of the history, which they are. A
    /// client that disconnects in between resumes after the last frame it received.
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

/// Fragments and signals that update a client.
///
/// [`RetainedState`](super::RetainedState) has an example.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatchUpContent {
    /// The newest fragments of every changed region.
    pub fragments: Vec<Fragment>,
    /// The signals, oldest first.
    pub signals: Vec<Signal>,
}

/// A message from a channel layer to a subscriber.
///
/// [`DeliverySender`](super::DeliverySender) has an example.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// The next frame.
    Frame(Arc<Frame>),
    /// A notice.
    Notice(Notice),
}

/// The error for lost deliveries: the subscriber must catch up.
///
/// [`DeliverySender`](super::DeliverySender) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("deliveries were lost; the subscriber must catch up")]
pub struct Lagged;
