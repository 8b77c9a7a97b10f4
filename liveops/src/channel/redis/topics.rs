use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::message::PubSubMessage;
use crate::channel::{DeliverySender, Subscription};

/// What somebody in this process is subscribed to, by the name it is published under.
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

    /// Hands on what was published under `name`.
    pub(super) fn deliver(&self, name: &str, message: &[u8]) {
        let topics = self.by_name();
        let Some(deliveries) = topics.get(name) else { return };
        match PubSubMessage::read(message) {
            Ok(message) => deliveries.deliver(message.into()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(name, error, "what was published there is nothing of ours");
                deliveries.send_lagged();
            }
        }
    }

    /// Says that something published under `name` may have been lost.
    pub(super) fn mark_lost(&self, name: &str) {
        if let Some(deliveries) = self.by_name().get(name) {
            deliveries.send_lagged();
        }
    }

    /// Forgets what nobody is subscribed to any more, and gives the names.
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
