//! Frames: the payloads that a channel carries, with their positions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Cursor;
use crate::{
    operation::{OperationId, OperationState},
    render::Fragment,
};

/// One publication on a channel: a payload with its position.
///
/// [`MemoryChannelLayer`](super::MemoryChannelLayer) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The position of the frame in the channel.
    pub cursor: Cursor,
    /// The fragments or the signal.
    pub payload: Payload,
}

/// The content of a frame.
///
/// [`MemoryChannelLayer`](super::MemoryChannelLayer) and [`RetainedState`](super::RetainedState) have
/// examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The fragments that changed.
    Fragments(Vec<Fragment>),
    /// A signal to the page.
    Signal(Signal),
}

/// An instruction to a page other than showing fragments. The channel layer retains signals with the state
/// of the channel, so a client that catches up receives them too.
///
/// A channel layer may delete the state of a channel some time after the operation ended:
///
/// ```
/// use liveops::channel::{Payload, Signal};
///
/// fn begins_retention(payload: &Payload) -> bool {
///     match payload {
///         Payload::Signal(Signal::Finished(_)) => true,
///         Payload::Signal(Signal::Chained(_)) | Payload::Fragments(_) => false,
///     }
/// }
/// # assert!(!begins_retention(&Payload::Fragments(Vec::new())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The operation ended.
    Finished(Finished),
    /// The operation handed over to another operation. The page follows the other operation from then on.
    Chained(Chained),
}

/// The end of an operation, for the page of the operation.
///
/// [`RetainedState`](super::RetainedState) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The ID of the operation that ended.
    pub id: OperationId,
    /// The state in which the operation ended.
    pub state: OperationState,
    /// The path of the operation's page.
    pub url: String,
    /// The URL that the browser opens next, if any.
    pub success_url: Option<Arc<str>>,
}

/// The operation with which a page continues.
///
/// [`Signal`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chained {
    /// The ID of the operation.
    pub id: OperationId,
    /// The path of the operation's page.
    pub url: String,
    /// The HTML container of the operation. It stands below the container of the operation that ended.
    pub container: Arc<str>,
}

impl Chained {
    /// Returns the op type of the operation: in the path of its page, the part before its ID.
    pub(crate) fn op_type(&self) -> &str {
        self.url.trim_end_matches('/').rsplit('/').nth(1).unwrap_or_default()
    }
}
