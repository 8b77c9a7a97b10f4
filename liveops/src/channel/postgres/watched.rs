use std::collections::HashMap;

use super::notification::NotificationAssembler;
use crate::channel::{DeliverySender, Subscription};

/// The channels that this process listens to, by what PostgreSQL calls them.
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
    /// One more subscription.
    pub(super) fn subscribe(&mut self, name: &str) -> Subscription {
        self.by_name.entry(name.to_owned()).or_default().deliveries.subscribe()
    }

    /// Hands on what came on a channel.
    pub(super) fn deliver(&mut self, name: &str, notification: &str) {
        // Nobody watches by now: what is still on its way is for nobody.
        let Some(channel) = self.by_name.get_mut(name) else { return };
        match channel.assembly.add(notification) {
            Ok(Some(delivery)) => channel.deliveries.deliver(delivery),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(channel = name, %error, "a notification was left out");
                channel.deliveries.send_lagged();
            }
        }
    }

    /// Tells every subscriber that something may have been lost.
    pub(super) fn mark_lost(&mut self) {
        for channel in self.by_name.values_mut() {
            channel.assembly = NotificationAssembler::default();
            channel.deliveries.send_lagged();
        }
    }

    /// Takes the channels away that nobody watches any more, and gives their names.
    pub(super) fn take_unsubscribed(&mut self) -> Vec<String> {
        let gone = self.by_name.extract_if(|_, channel| !channel.deliveries.has_subscribers());
        gone.map(|(name, _)| name).collect()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}
