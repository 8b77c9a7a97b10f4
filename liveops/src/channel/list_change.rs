//! Changes in a list of operations, as sent to the pages that show the list.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::operation::{OperationId, OperationState, UserId};

/// A change in a list of operations.
///
/// [`Notice`](super::Notice) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListChange {
    /// Operations were added or changed their states: the page must load the rows again.
    Rows,
    /// One operation was added or changed its state: the page must load the rows again.
    Row(RowChange),
    /// A running operation reported progress.
    Progress(RowProgress),
}

/// The new state of one row.
///
/// [`LiveOps::subscribe`](crate::LiveOps::subscribe) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChange {
    /// The ID of the operation.
    pub id: OperationId,
    /// The op type of the operation.
    pub op_type: Arc<str>,
    /// The owner of the operation.
    pub owner: UserId,
    /// The state after the change.
    pub state: OperationState,
}

/// The current progress of one row.
///
/// [`Notice`](super::Notice) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProgress {
    /// The ID of the operation.
    pub id: OperationId,
    /// The op type of the operation, for the access policy. Empty in a message of an earlier version.
    #[serde(default)]
    pub op_type: Arc<str>,
    /// The owner of the operation, for the access policy. `None` in a message of an earlier version.
    #[serde(default)]
    pub owner: Option<UserId>,
    /// The changed elements of the row, for an out-of-band swap.
    pub html: Arc<str>,
}
