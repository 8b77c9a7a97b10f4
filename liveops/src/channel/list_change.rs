use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::operation::OperationId;

/// What happened in a list of operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListChange {
    /// An operation came, or came to another state: the rows are no longer the ones they were.
    Rows,
    /// An operation that runs came further.
    Progress(RowProgress),
}

/// What the row of an operation shows by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProgress {
    /// Which operation.
    pub id: OperationId,
    /// The elements of its row that changed, to be swapped out of band.
    pub html: Arc<str>,
}
