//! The channels that this process listens to, with their subscribers and partly received notifications.

use std::collections::HashMap;

use super::notification::NotificationAssembler;
use crate::channel::{DeliverySender, Subscription};

/// The channels that this process listens to, by their PostgreSQL name.
#[derive(Debug, Default)]
pub(super) struct ListenedChannels {
    by_name: HashMap<String, ListenedChannel>,
}

#[derive(Debug, Default)]
struct ListenedChannel {
    deliveries: DeliverySender,
    assembly: NotificationAssembler,
}

impl ListenedChannels {
    /// Adds a subscription.
    pub(super) fn subscribe(&mut self, name: &str) -> Subscription {
        self.by_name.entry(name.to_owned()).or_default().deliveries.subscribe()
    }

    /// Delivers a notification to the subscribers of its channel.
    pub(super) fn deliver(&mut self, name: &str, notification: &str) {
        // The last subscriber left after the server sent the notification.
        let Some(channel) = self.by_name.get_mut(name) else { return };
        match channel.assembly.add(notification) {
            Ok(Some(delivery)) => channel.deliveries.deliver(delivery),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    channel = name,
                    %error,
                    "found a malformed notification; subscribers catch up"
                );
                channel.deliveries.send_lagged();
            }
        }
    }

    /// Sends `Lagged` to every subscriber and discards partly received messages.
    pub(super) fn mark_lost(&mut self) {
        for channel in self.by_name.values_mut() {
            channel.assembly = NotificationAssembler::default();
            channel.deliveries.send_lagged();
        }
    }

    /// Removes the channels without subscribers and returns their names.
    pub(super) fn take_unsubscribed(&mut self) -> Vec<String> {
        let gone = self.by_name.extract_if(|_, channel| !channel.deliveries.has_subscribers());
        gone.map(|(name, _)| name).collect()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}
