use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Cursor;
use crate::{
    operation::{OperationId, OperationState},
    render::Fragment,
};

/// What is published at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Its place in the channel.
    pub cursor: Cursor,
    /// What it carries.
    pub payload: Payload,
}

/// What a frame carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The fragments that changed.
    Fragments(Vec<Fragment>),
    /// Something to do.
    Signal(Signal),
}

/// Something that a page does beside showing fragments. Signals are kept with the state of the
/// channel, and a client that was away gets them too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The operation ended.
    Finished(Finished),
    /// The operation handed over to another one, which the page follows from now on.
    Chained(Chained),
}

/// How an operation ended, for its page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Which operation.
    pub id: OperationId,
    /// The state it ended in.
    pub state: OperationState,
    /// The path of its page.
    pub url: String,
    /// Where the browser goes now, if anywhere.
    pub success_url: Option<Arc<str>>,
}

/// The operation that takes over a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chained {
    /// Which operation takes over.
    pub id: OperationId,
    /// The path of its page.
    pub url: String,
    /// Its container, which takes the place of this operation's.
    pub container: Arc<str>,
}
