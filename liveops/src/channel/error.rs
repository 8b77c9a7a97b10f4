//! The errors of channel layers.

use std::error::Error as StdError;

use crate::{metrics::UnpublishedReason, operation::Attempt};

/// A failure of the channel layer's backend. A later call may succeed.
///
/// ```
/// use liveops::channel::ChannelError;
/// use tokio::net::TcpStream;
///
/// async fn connect(server: &str) -> Result<TcpStream, ChannelError> {
///     let connected = TcpStream::connect(server).await;
///     connected.map_err(|error| ChannelError::new("connect to the server", error))
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the channel layer failed to {action}")]
pub struct ChannelError {
    action: &'static str,
    source: Box<dyn StdError + Send + Sync>,
}

impl ChannelError {
    /// Creates the error for a failed `action`: a verb with its object, such as "publish a frame".
    pub fn new(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

/// A reason why a frame was not published.
///
/// [`ChannelLayer`](super::ChannelLayer) has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The channel belongs to attempt `current`, usually a later one. The frame is outdated.
    #[error("attempt {current} holds the channel")]
    Stale {
        /// The attempt that holds the channel.
        current: Attempt,
    },
    /// The channel has no history of this attempt, or the backend lost the history. Call
    /// [`ChannelLayer::open`](super::ChannelLayer::open) with a snapshot.
    #[error("the channel is not open for this attempt")]
    NotOpen,
    /// The backend failed.
    #[error(transparent)]
    Backend(#[from] ChannelError),
}

impl PublishError {
    /// Returns the metric label of the error.
    pub(crate) fn reason(&self) -> UnpublishedReason {
        match self {
            Self::Stale { .. } => UnpublishedReason::Stale,
            Self::NotOpen => UnpublishedReason::NotOpen,
            Self::Backend(_) => UnpublishedReason::Failed,
        }
    }
}
