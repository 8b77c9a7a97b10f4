use std::error::Error as StdError;

use crate::{metrics::UnpublishedReason, operation::Attempt};

/// The channel layer's backend did not do what it was asked to. Trying again may help.
#[derive(Debug, thiserror::Error)]
#[error("the channel layer failed to {action}")]
pub struct ChannelError {
    action: &'static str,
    source: Box<dyn StdError + Send + Sync>,
}

impl ChannelError {
    /// A failure to do `action`, a verb and its object such as "publish a frame".
    pub fn new(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

/// A frame was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The channel belongs to this attempt at least, and mostly to a later one: what was to be said is
    /// no longer true.
    #[error("attempt {current} has taken over")]
    Stale {
        /// The attempt that holds the channel.
        current: Attempt,
    },
    /// The channel has no history of this attempt, or lost it: open it with a snapshot.
    #[error("the channel is not open for this attempt")]
    NotOpen,
    /// The backend failed.
    #[error(transparent)]
    Backend(#[from] ChannelError),
}

impl PublishError {
    /// What it counts as.
    pub(crate) fn reason(&self) -> UnpublishedReason {
        match self {
            Self::Stale { .. } => UnpublishedReason::Stale,
            Self::NotOpen => UnpublishedReason::NotOpen,
            Self::Backend(_) => UnpublishedReason::Failed,
        }
    }
}
