//! Notices: messages to current subscribers only, which the channel layer does not retain.

use serde::{Deserialize, Serialize};

use super::ListChange;
use crate::operation::OperationId;

/// A message to the current subscribers. Notices are hints: a notice is never stored, and a subscriber that
/// missed one finds the change in the database.
///
/// ```
/// use liveops::{
///     ChannelName, OperationId,
///     channel::{ChannelLayer, ListChange, MemoryChannelLayer, RowProgress, WorkerNotification},
/// };
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = MemoryChannelLayer::new();
/// let id = OperationId::new();
///
/// // For the processes that run operations:
/// let cancel = WorkerNotification::Cancel(id);
/// layer.announce(&ChannelName::workers(), cancel.into()).await?;
///
/// // For the pages that show the list of Ann's operations:
/// let half = RowProgress { id, html: "50 %".into() };
/// layer.announce(&ChannelName::owner(&"ann".into()), ListChange::Progress(half).into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A change in a list, for the pages that show the list.
    List(ListChange),
    /// A notification for the processes that run operations.
    #[serde(rename = "hint")]
    Worker(WorkerNotification),
}

/// A notification for the processes that run operations. After a lost notification, the next poll of the
/// database finds the change.
///
/// [`Notice`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerNotification {
    /// A queue has a waiting operation.
    Work,
    /// The process that runs this operation must cancel it.
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
