use serde::{Deserialize, Serialize};

use super::ListChange;
use crate::operation::OperationId;

/// What is told to whoever listens right now. Nothing of it is kept, and nothing depends on it:
/// whoever was away looks for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// For those who look at a list: what changed in it.
    List(ListChange),
    /// For the processes that execute operations.
    #[serde(rename = "hint")]
    Worker(WorkerNotification),
}

/// What spares the processes that execute operations a look at the database: with it they know at
/// once what they would find out when they look next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerNotification {
    /// Something waits in a queue.
    Work,
    /// Whoever runs this operation is to stop.
    Cancel(OperationId),
}

impl From<ListChange> for Notice {
    fn from(change: ListChange) -> Self {
        Self::List(change)
    }
}

impl From<WorkerNotification> for Notice {
    fn from(notification: WorkerNotification) -> Self {
        Self::Worker(notification)
    }
}
