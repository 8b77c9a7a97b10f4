//! The bounded queue between a channel layer and its subscribers, and the loss signal for a subscriber that
//! falls behind.

use tokio::sync::broadcast::{self, error::RecvError};

use super::{Delivery, Lagged};

/// Default number of deliveries a subscriber may be behind before it must catch up.
const BACKLOG_LEN_MAX: usize = 256;

/// A subscription to one channel. It receives everything published after it was created.
///
/// [`DeliverySender`] has an example.
#[derive(Debug)]
pub struct Subscription {
    deliveries: broadcast::Receiver<Result<Delivery, Lagged>>,
}

/// The sending half of the subscriptions to one channel, for implementations of
/// [`ChannelLayer`](super::ChannelLayer).
///
/// Dropping the sender ends its subscriptions.
///
/// ```
/// use liveops::channel::{Delivery, DeliverySender, Lagged, ListChange};
///
/// # #[tokio::main]
/// # async fn main() {
/// let deliveries = DeliverySender::new();
/// let mut subscription = deliveries.subscribe();
///
/// deliveries.deliver(Delivery::Notice(ListChange::Rows.into()));
/// assert!(matches!(subscription.next().await, Some(Ok(Delivery::Notice(_)))));
///
/// deliveries.send_lagged(); // after the connection to the server of the layer was broken
/// assert!(matches!(subscription.next().await, Some(Err(Lagged))));
/// # }
/// ```
#[derive(Debug)]
pub struct DeliverySender {
    subscribers: broadcast::Sender<Result<Delivery, Lagged>>,
}

impl Subscription {
    /// Waits for the next delivery. Returns `None` after the channel layer was shut down.
    ///
    /// # Errors
    ///
    /// [`Lagged`] when deliveries were lost. The subscription continues with later deliveries.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future loses no delivery.
    pub async fn next(&mut self) -> Option<Result<Delivery, Lagged>> {
        match self.deliveries.recv().await {
            Ok(delivery) => Some(delivery),
            Err(RecvError::Lagged(_)) => Some(Err(Lagged)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl DeliverySender {
    /// Creates a sender without subscriptions. A subscription may be 256 deliveries behind before it must
    /// catch up.
    pub fn new() -> Self {
        Self::with_backlog(BACKLOG_LEN_MAX)
    }

    /// Creates a sender without subscriptions. A subscription may be `len_max` deliveries behind before it
    /// must catch up.
    ///
    /// # Panics
    ///
    /// Panics if `len_max` is 0.
    pub fn with_backlog(len_max: usize) -> Self {
        Self { subscribers: broadcast::Sender::new(len_max) }
    }

    /// Adds a subscription. It receives later deliveries only.
    pub fn subscribe(&self) -> Subscription {
        Subscription { deliveries: self.subscribers.subscribe() }
    }

    /// Sends a delivery to every subscriber.
    pub fn deliver(&self, delivery: Delivery) {
        self.send(Ok(delivery));
    }

    /// Sends [`Lagged`] to every subscriber: deliveries may have been lost.
    pub fn send_lagged(&self) {
        self.send(Err(Lagged));
    }

    /// Returns `true` if the channel has at least one subscriber.
    pub fn has_subscribers(&self) -> bool {
        self.subscribers.receiver_count() > 0
    }

    /// Returns `true` if every subscriber has received every delivery.
    pub fn is_drained(&self) -> bool {
        self.subscribers.is_empty()
    }

    fn send(&self, delivery: Result<Delivery, Lagged>) {
        // `send` fails only without subscribers, and then the delivery has no receiver.
        let _ = self.subscribers.send(delivery);
    }
}

impl Default for DeliverySender {
    fn default() -> Self {
        Self::new()
    }
}
