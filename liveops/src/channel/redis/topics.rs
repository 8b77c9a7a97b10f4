//! The subscribers of this process by pub/sub channel, and the delivery of messages to them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::message::PubSubMessage;
use crate::channel::{DeliverySender, Subscription};

/// The subscriptions of this process, by the name of the pub/sub channel.
#[derive(Debug, Default)]
pub(super) struct Topics {
    by_name: Mutex<HashMap<String, DeliverySender>>,
}

impl Topics {
    pub(super) fn subscribe(&self, name: &str) -> Subscription {
        let mut topics = self.by_name();
        match topics.get(name) {
            Some(deliveries) => deliveries.subscribe(),
            None => topics.entry(name.to_owned()).or_default().subscribe(),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.by_name().keys().cloned().collect()
    }

    /// Delivers a message published under `name` to its subscribers.
    pub(super) fn deliver(&self, name: &str, message: &[u8]) {
        let topics = self.by_name();
        let Some(deliveries) = topics.get(name) else { return };
        match PubSubMessage::read(message) {
            Ok(message) => deliveries.deliver(message.into()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    channel = name,
                    error,
                    "found a malformed message on a Redis channel; subscribers catch up"
                );
                deliveries.send_lagged();
            }
        }
    }

    /// Sends `Lagged` to the subscribers of `name`: messages may have been lost.
    pub(super) fn mark_lost(&self, name: &str) {
        if let Some(deliveries) = self.by_name().get(name) {
            deliveries.send_lagged();
        }
    }

    /// Removes the topics without subscribers and returns their names.
    pub(super) fn remove_unsubscribed(&self) -> Vec<String> {
        let mut topics = self.by_name();
        topics
            .extract_if(|_, deliveries| !deliveries.has_subscribers())
            .map(|(name, _)| name)
            .collect()
    }

    fn by_name(&self) -> MutexGuard<'_, HashMap<String, DeliverySender>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
