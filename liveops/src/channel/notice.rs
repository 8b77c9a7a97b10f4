//! Notices: messages to current subscribers only, which the channel layer does not retain.

use serde::{Deserialize, Serialize};

use super::ListChange;
use crate::operation::{Attempt, OperationId, UserId};

/// A message to the current subscribers. Notices are hints: a notice is never stored, and a subscriber that
/// missed one finds the change in the database.
///
/// ```
/// use liveops::{
///     Attempt, ChannelName, OperationId, UserId,
///     channel::{ChannelLayer, ListChange, MemoryChannelLayer, RowProgress, WorkerNotification},
/// };
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = MemoryChannelLayer::new();
/// let id = OperationId::new();
///
/// // For the processes that run operations:
/// let cancel = WorkerNotification::Cancel { id, attempt: Attempt(1) };
/// layer.announce(&ChannelName::workers(), cancel.into()).await?;
///
/// // For the pages that show the list of Ann's operations:
/// let owner = UserId::from("ann");
/// let list = ChannelName::owner(&owner);
/// let op_type = "demo.score_import".into();
/// let half = RowProgress { id, op_type, owner: Some(owner), html: "50 %".into() };
/// layer.announce(&list, ListChange::Progress(half).into()).await?;
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
    /// A notification for the processes that serve pages: every connection of this viewer must end.
    /// [`LiveOps::disconnect`](crate::LiveOps::disconnect) sends it.
    Disconnect(UserId),
}

/// A notification for the processes that run operations. After a lost notification, the next poll of the
/// database finds the change.
///
/// [`Notice`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "ReceivedNotification")]
pub enum WorkerNotification {
    /// A queue has a waiting operation.
    Work,
    /// The process that runs this attempt must cancel it. A notification that arrives late has no effect on a
    /// later attempt.
    Cancel {
        /// The ID of the operation.
        id: OperationId,
        /// The attempt that was running at the time of the cancel request.
        attempt: Attempt,
    },
}

/// A notification as sent by this version, or by an earlier version, whose cancel requests contained no
/// attempt.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReceivedNotification {
    Work,
    Cancel(ReceivedCancel),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReceivedCancel {
    Attempt { id: OperationId, attempt: Attempt },
    AnyAttempt(#[expect(dead_code, reason = "the row has the request too")] OperationId),
}

impl From<ReceivedNotification> for WorkerNotification {
    fn from(received: ReceivedNotification) -> Self {
        match received {
            ReceivedNotification::Cancel(ReceivedCancel::Attempt { id, attempt }) => {
                Self::Cancel { id, attempt }
            }
            // Without an attempt the request might be too late. The poll of the row finds one that is not.
            ReceivedNotification::Work
            | ReceivedNotification::Cancel(ReceivedCancel::AnyAttempt(_)) => Self::Work,
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_wire_form_of_a_cancel_request_has_the_attempt() {
        let id = OperationId::new();
        let notice = Notice::from(WorkerNotification::Cancel { id, attempt: Attempt(3) });
        let wire = json!({ "hint": { "cancel": { "id": id, "attempt": 3 } } });
        assert_eq!(serde_json::to_value(&notice).unwrap(), wire);
        assert_eq!(serde_json::from_value::<Notice>(wire).unwrap(), notice);

        let notice = Notice::from(WorkerNotification::Work);
        assert_eq!(serde_json::to_value(&notice).unwrap(), json!({ "hint": "work" }));
        assert_eq!(serde_json::from_value::<Notice>(json!({ "hint": "work" })).unwrap(), notice);
    }

    #[test]
    fn the_wire_form_of_a_disconnection_has_the_viewer() {
        let notice = Notice::Disconnect("ann".into());
        let wire = json!({ "disconnect": "ann" });
        assert_eq!(serde_json::to_value(&notice).unwrap(), wire);
        assert_eq!(serde_json::from_value::<Notice>(wire).unwrap(), notice);
    }

    #[test]
    fn a_cancel_request_without_an_attempt_cancels_nothing_by_itself() {
        let wire = json!({ "hint": { "cancel": OperationId::new() } });
        let notice: Notice = serde_json::from_value(wire).unwrap();
        assert_eq!(notice, WorkerNotification::Work.into());
    }
}
