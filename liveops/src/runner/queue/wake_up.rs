//! Wake-ups, and the trait that delivers them to other processes.

use std::{error::Error as StdError, fmt};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{operation::OperationId, store::Model};

/// A notification that an operation may be waiting, so that a worker polls the queue now instead of at its
/// next [poll](crate::Config::poll_interval).
///
/// The row is the truth. A lost wake-up delays an operation; a repeated, late or reordered wake-up
/// costs a poll. So any means of delivery is good enough.
///
/// As JSON, a wake-up is `{"id": "…", "queue": "…"}`. Both fields are optional; unknown fields are
/// ignored. [`WakeUpSender`] has an example.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WakeUp {
    /// The operation, for tracing a message. The receiver does not read its row, so the operation need
    /// not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<OperationId>,
    /// The queue of the operation, for delivery only to processes that [take](crate::Config::queues)
    /// from this queue. `None` stands for any queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
}

impl WakeUp {
    pub(in crate::runner) fn new(id: OperationId, queue: impl Into<String>) -> Self {
        Self { id: Some(id), queue: Some(queue.into()) }
    }

    /// Returns the wake-up for an operation that is back in the queue; `None` if the operation has
    /// ended.
    pub(in crate::runner) fn of(row: &Model) -> Option<Self> {
        let waits = !row.state().is_terminal();
        waits.then(|| Self::new(row.operation_id(), &row.queue))
    }
}

/// Delivers [`WakeUp`]s to the processes that execute operations, through a message queue that the
/// application already has.
///
/// ```
/// use async_trait::async_trait;
/// use liveops::runner::{WakeUp, WakeUpError, WakeUpSender};
/// use tokio::sync::mpsc;
///
/// #[derive(Debug)]
/// struct Queue(mpsc::Sender<WakeUp>);
///
/// #[async_trait]
/// impl WakeUpSender for Queue {
///     async fn send(&self, wake_ups: Vec<WakeUp>) -> Result<(), WakeUpError> {
///         for wake_up in wake_ups {
///             self.0.send(wake_up).await.map_err(WakeUpError::new)?;
///         }
///         Ok(())
///     }
/// }
/// ```
///
/// A process that receives a message calls [`poll_now`](crate::LiveOps::poll_now). Each message should
/// have one receiver, and one that [has a free slot](crate::LiveOps::wait_for_capacity):
///
/// ```
/// # use liveops::{LiveOps, runner::WakeUp};
/// # struct Messages;
/// # impl Messages {
/// #     async fn next(&mut self) -> Option<Message> { None }
/// # }
/// # struct Message;
/// # impl Message {
/// #     async fn acknowledge(self) {}
/// # }
/// # async fn take(liveops: LiveOps, mut messages: Messages) {
/// while liveops.wait_for_capacity().await {
///     let Some(message) = messages.next().await else { break };
///     if liveops.poll_now().await {
///         message.acknowledge().await;
///     }
/// }
/// # }
/// ```
///
/// Not needed if the processes share a [`ChannelLayer`](crate::channel::ChannelLayer), which notifies
/// all of them.
#[async_trait]
pub trait WakeUpSender: fmt::Debug + Send + Sync + 'static {
    /// Sends wake-ups, at least one, in any order. Delivering each once is best; more often or not at
    /// all is harmless.
    ///
    /// Called in the background, one call at a time, with a time limit of 5 seconds.
    ///
    /// # Errors
    ///
    /// Returns an error if wake-ups may not have been sent. The call is not repeated.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at the time limit; the next call must work nevertheless.
    async fn send(&self, wake_ups: Vec<WakeUp>) -> Result<(), WakeUpError>;
}

/// An error from sending wake-ups. [`WakeUpSender`] has an example.
#[derive(Debug, thiserror::Error)]
#[error("failed to send wake-ups")]
pub struct WakeUpError {
    source: Box<dyn StdError + Send + Sync>,
}

impl WakeUpError {
    /// Returns an error with the backend's error as its source.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_other_versions_are_read() {
        let id = OperationId::new();
        let newest = WakeUp::new(id, "mail");
        let json = serde_json::to_string(&newest).unwrap();
        assert_eq!(json, format!(r#"{{"id":"{id}","queue":"mail"}}"#));
        assert_eq!(serde_json::from_str::<WakeUp>(&json).unwrap(), newest);

        assert_eq!(serde_json::to_string(&WakeUp::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<WakeUp>("{}").unwrap(), WakeUp::default());

        let later = r#"{"queue":"mail","urgent":true}"#;
        let expected = WakeUp { queue: Some("mail".into()), ..WakeUp::default() };
        assert_eq!(serde_json::from_str::<WakeUp>(later).unwrap(), expected);
    }
}
