//! The bounded queue between a channel layer and its subscribers, and the loss signal for a subscriber that
//! falls behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};

use super::{Delivery, Lagged};

/// Default number of deliveries a subscriber may be behind before it must catch up.
const BACKLOG_LEN_MAX: usize = 256;

/// A subscription to one channel. It receives everything published after it was created.
///
/// [`DeliverySender`] has an example.
#[derive(Debug)]
pub struct Subscription {
    // Dropped in this order: the queue is freed after its last receiver.
    deliveries: broadcast::Receiver<Result<Delivery, Lagged>>,
    _release: QueueRelease,
}

/// The sending half of the subscriptions to one channel, for implementations of
/// [`ChannelLayer`](super::ChannelLayer).
///
/// Dropping the sender ends its subscriptions. A sender without subscriptions has no queue, and needs less than
/// 100 bytes.
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
    len_max: usize,
    queue: Arc<SharedQueue>,
}

/// The queue of a channel. The broadcast channel allocates every slot at once, so the queue exists only while
/// the channel has a subscription.
#[derive(Debug, Default)]
struct SharedQueue(Mutex<Option<Queue>>);

type Queue = broadcast::Sender<Result<Delivery, Lagged>>;

/// Frees the queue when the last subscription is dropped.
#[derive(Debug)]
struct QueueRelease(Arc<SharedQueue>);

impl SharedQueue {
    fn lock(&self) -> MutexGuard<'_, Option<Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueueRelease {
    fn drop(&mut self) {
        self.0.lock().take_if(|queue| queue.receiver_count() == 0);
    }
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
        assert!(len_max > 0, "expected a backlog of at least 1 delivery, found 0");
        Self { len_max, queue: Arc::default() }
    }

    /// Adds a subscription. It receives later deliveries only.
    pub fn subscribe(&self) -> Subscription {
        let mut queue = self.queue.lock();
        let queue = queue.get_or_insert_with(|| broadcast::Sender::new(self.len_max));
        Subscription { deliveries: queue.subscribe(), _release: QueueRelease(self.queue.clone()) }
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
        self.queue.lock().as_ref().is_some_and(|queue| queue.receiver_count() > 0)
    }

    /// Returns `true` if every subscriber has received every delivery.
    pub fn is_drained(&self) -> bool {
        self.queue.lock().as_ref().is_none_or(broadcast::Sender::is_empty)
    }

    fn send(&self, delivery: Result<Delivery, Lagged>) {
        if let Some(queue) = &*self.queue.lock() {
            // `send` fails only without subscribers, and then the delivery has no receiver.
            let _ = queue.send(delivery);
        }
    }
}

impl Drop for DeliverySender {
    fn drop(&mut self) {
        *self.queue.lock() = None;
    }
}

impl Default for DeliverySender {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::ListChange;

    fn has_queue(sender: &DeliverySender) -> bool {
        sender.queue.lock().is_some()
    }

    #[tokio::test]
    async fn a_queue_exists_from_the_first_subscription_to_the_last() {
        let sender = DeliverySender::new();
        sender.deliver(Delivery::Notice(ListChange::Rows.into()));
        assert!(!has_queue(&sender) && sender.is_drained());

        let (first, mut second) = (sender.subscribe(), sender.subscribe());
        sender.deliver(Delivery::Notice(ListChange::Rows.into()));
        drop(first);
        assert!(has_queue(&sender) && sender.has_subscribers());
        assert!(matches!(second.next().await, Some(Ok(Delivery::Notice(_)))));
        drop(second);
        assert!(!has_queue(&sender) && !sender.has_subscribers());

        let mut third = sender.subscribe();
        sender.send_lagged();
        assert!(matches!(third.next().await, Some(Err(Lagged))));
    }

    #[tokio::test]
    async fn the_end_of_the_sender_ends_the_subscriptions() {
        let sender = DeliverySender::new();
        let mut subscription = sender.subscribe();
        sender.send_lagged();
        drop(sender);
        assert!(matches!(subscription.next().await, Some(Err(Lagged))));
        assert!(subscription.next().await.is_none());
    }

    #[test]
    #[should_panic(expected = "at least 1")]
    fn a_backlog_without_room_is_refused() {
        let _ = DeliverySender::with_backlog(0);
    }
}
