use std::{error::Error as StdError, fmt};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{operation::OperationId, store::Model};

/// Says that an operation may wait, so that somebody looks at the queue now rather than at their next
/// [poll](crate::Config::poll_interval).
///
/// A hint: the row is the truth. One that is lost costs time, and one that comes twice, late or in
/// another order costs whoever gets it a look. So it may be delivered by anything that delivers.
///
/// As JSON it is `{"id": "…", "queue": "…"}`. Either may be missing, and what else there is, is
/// ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WakeUp {
    /// The operation, for whoever follows the message. Nobody looks it up, so it need not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<OperationId>,
    /// The queue it waits in, for whoever delivers to those alone that [take](crate::Config::queues)
    /// from it. `None` says that it may be any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
}

impl WakeUp {
    pub(in crate::runner) fn new(id: OperationId, queue: impl Into<String>) -> Self {
        Self { id: Some(id), queue: Some(queue.into()) }
    }

    /// For an operation that is back in the queue, or nothing for one that has ended.
    pub(in crate::runner) fn of(row: &Model) -> Option<Self> {
        let waits = !row.state().is_terminal();
        waits.then(|| Self::new(row.operation_id(), &row.queue))
    }
}

/// Delivers [`WakeUp`]s to the processes that execute operations: a queue of messages that the
/// application has anyway.
///
/// Whoever takes a message out of it has its process [poll_now](crate::LiveOps::poll_now). There should be
/// one taker for each, and one that [has a place](crate::LiveOps::wait_for_capacity):
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
/// Not needed where processes have a [`ChannelLayer`](crate::channel::ChannelLayer) in common, which
/// tells all of them.
#[async_trait]
pub trait WakeUpSender: fmt::Debug + Send + Sync + 'static {
    /// Hands these over, at least one and in any order; to deliver each once is best, and more often
    /// or not at all is harmless.
    ///
    /// Called in the background, by one caller at a time, which waits for 5 seconds at most.
    ///
    /// # Errors
    ///
    /// When they may not have been handed over. Nobody tries again.
    ///
    /// # Cancel safety
    ///
    /// Is dropped half-way when it takes too long; the next call has to work all the same.
    async fn send(&self, wake_ups: Vec<WakeUp>) -> Result<(), WakeUpError>;
}

/// Wake-ups were not handed over for delivery.
#[derive(Debug, thiserror::Error)]
#[error("failed to hand over wake-ups")]
pub struct WakeUpError {
    source: Box<dyn StdError + Send + Sync>,
}

impl WakeUpError {
    /// With what the backend says.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_any_version_is_understood() {
        let id = OperationId::new();
        let newest = WakeUp::new(id, "mail");
        let json = serde_json::to_string(&newest).unwrap();
        assert_eq!(json, format!(r#"{{"id":"{id}","queue":"mail"}}"#));
        assert_eq!(serde_json::from_str::<WakeUp>(&json).unwrap(), newest);

        assert_eq!(serde_json::to_string(&WakeUp::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<WakeUp>("{}").unwrap(), WakeUp::default());

        let later = r#"{"queue":"mail","urgent":true}"#;
        let understood = WakeUp { queue: Some("mail".into()), ..WakeUp::default() };
        assert_eq!(serde_json::from_str::<WakeUp>(later).unwrap(), understood);
    }
}
