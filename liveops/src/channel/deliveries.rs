use tokio::sync::broadcast::{self, error::RecvError};

use super::{Delivery, Lagged};

/// How many deliveries a subscriber may be behind before it has to catch up, unless set otherwise.
const BACKLOG_LEN_MAX: usize = 256;

/// What is published on one channel, from the moment of subscribing.
#[derive(Debug)]
pub struct Subscription {
    deliveries: broadcast::Receiver<Result<Delivery, Lagged>>,
}

/// What the subscriptions of one channel are fed by; for those who write a channel layer.
///
/// They end when it is dropped.
#[derive(Debug)]
pub struct DeliverySender {
    subscribers: broadcast::Sender<Result<Delivery, Lagged>>,
}

impl Subscription {
    /// Waits for the next delivery. `None` after the channel layer was shut down.
    ///
    /// # Errors
    ///
    /// [`Lagged`] when deliveries were lost; later ones still come.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Delivery, Lagged>> {
        match self.deliveries.recv().await {
            Ok(delivery) => Some(delivery),
            Err(RecvError::Lagged(_)) => Some(Err(Lagged)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl DeliverySender {
    /// Without subscriptions. Each of them may be 256 deliveries behind before it has to catch up.
    pub fn new() -> Self {
        Self::with_backlog(BACKLOG_LEN_MAX)
    }

    /// Without subscriptions, each of which may be this many deliveries behind.
    ///
    /// # Panics
    ///
    /// When `len_max` is 0.
    pub fn with_backlog(len_max: usize) -> Self {
        Self { subscribers: broadcast::Sender::new(len_max) }
    }

    /// Delivers what is delivered from now on to one more subscriber.
    pub fn subscribe(&self) -> Subscription {
        Subscription { deliveries: self.subscribers.subscribe() }
    }

    /// Hands a delivery to every subscriber.
    pub fn deliver(&self, delivery: Delivery) {
        self.send(Ok(delivery));
    }

    /// Tells every subscriber that deliveries may have been lost.
    pub fn send_lagged(&self) {
        self.send(Err(Lagged));
    }

    /// Whether anybody is subscribed.
    pub fn has_subscribers(&self) -> bool {
        self.subscribers.receiver_count() > 0
    }

    /// Whether every subscriber has taken what was delivered.
    pub fn is_drained(&self) -> bool {
        self.subscribers.is_empty()
    }

    fn send(&self, delivery: Result<Delivery, Lagged>) {
        // An error says that nobody is subscribed, which is fine.
        let _ = self.subscribers.send(delivery);
    }
}

impl Default for DeliverySender {
    fn default() -> Self {
        Self::new()
    }
}
