//! What the wake-ups of this process wait in until they are delivered, so that nobody else waits.

use std::{
    error::Error as StdError,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinHandle, time};

use crate::{
    runner::{WakeUp, WakeUpSender},
    store::RETRY_AFTER,
};

/// How many wake-ups wait at most; more are let go of, as polls find what they are about.
const LEN_MAX: usize = 1_000;

/// How many are sent at once at most.
const BATCH_LEN_MAX: usize = 100;

/// How long sending them may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct WakeUpQueue {
    /// Nothing where there is nothing to deliver them with.
    wake_ups: Option<Arc<dyn WakeUpSender>>,
    /// From the first wake-up on.
    sender: Mutex<Option<SenderTask>>,
}

#[derive(Debug)]
struct SenderTask {
    queue: mpsc::Sender<WakeUp>,
    task: JoinHandle<()>,
}

impl WakeUpQueue {
    pub(in crate::runner) fn new(wake_ups: Option<Arc<dyn WakeUpSender>>) -> Self {
        Self { wake_ups, sender: Mutex::default() }
    }

    /// Has a wake-up sent soon, in the background.
    pub(in crate::runner) fn send(&self, wake_up: WakeUp) {
        let Some(wake_ups) = &self.wake_ups else { return };
        let mut sender = self.sender();
        // What sends them may have panicked.
        sender.take_if(|sender| sender.queue.is_closed());
        let queue = &sender.get_or_insert_with(|| SenderTask::start(wake_ups.clone())).queue;
        if let Err(error) = queue.try_send(wake_up) {
            let error = &error as &dyn StdError;
            tracing::debug!(error, "let go of a wake-up; a poll finds what it is about");
        }
    }

    /// Waits until what there is was sent, for as long as sending may take.
    pub(in crate::runner) async fn flush(&self) {
        let Some(SenderTask { queue, task }) = self.sender().take() else { return };
        drop(queue);
        if time::timeout(SEND_TIMEOUT, task).await.is_err() {
            tracing::warn!("left wake-ups unsent; polls find what they are about");
        }
    }

    fn sender(&self) -> MutexGuard<'_, Option<SenderTask>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SenderTask {
    fn start(wake_ups: Arc<dyn WakeUpSender>) -> Self {
        let (queue, waiting) = mpsc::channel(LEN_MAX);
        let task = tokio::spawn(send_all(wake_ups, waiting));
        Self { queue, task }
    }
}

/// Sends what waits until nobody is left who could have more.
async fn send_all(wake_ups: Arc<dyn WakeUpSender>, mut waiting: mpsc::Receiver<WakeUp>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH_LEN_MAX).await > 0 {
        let sent = time::timeout(SEND_TIMEOUT, wake_ups.send(mem::take(&mut batch))).await;
        let error: &(dyn StdError + Send + Sync) = match &sent {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed,
        };
        tracing::warn!(
            error = error as &dyn StdError,
            "lost wake-ups; polls find what they are about"
        );
        time::sleep(RETRY_AFTER).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{future, sync::atomic::AtomicUsize};

    use async_trait::async_trait;
    use tokio::{sync::Notify, time::Instant};

    use super::*;
    use crate::{operation::OperationId, runner::WakeUpError};

    /// Delivers to this test, in the way it says.
    #[derive(Debug, Default)]
    struct TestSender {
        way: Mutex<Behaviour>,
        delivered: Mutex<Vec<WakeUp>>,
        batches: AtomicUsize,
        tried: Notify,
    }

    #[derive(Debug, Clone, Copy, Default)]
    enum Behaviour {
        #[default]
        Works,
        Fails,
        Hangs,
        Panics,
    }

    #[async_trait]
    impl WakeUpSender for Arc<TestSender> {
        async fn send(&self, wake_ups: Vec<WakeUp>) -> Result<(), WakeUpError> {
            self.tried.notify_one();
            let way = *self.way.lock().unwrap();
            match way {
                Behaviour::Works => {
                    assert!(!wake_ups.is_empty() && wake_ups.len() <= BATCH_LEN_MAX);
                    self.batches.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    self.delivered.lock().unwrap().extend(wake_ups);
                    Ok(())
                }
                Behaviour::Fails => Err(WakeUpError::new("the queue is away")),
                Behaviour::Hangs => future::pending().await,
                Behaviour::Panics => panic!("the queue is broken"),
            }
        }
    }

    impl TestSender {
        fn goes(&self, way: Behaviour) {
            *self.way.lock().unwrap() = way;
        }

        fn delivered(&self) -> Vec<WakeUp> {
            self.delivered.lock().unwrap().clone()
        }
    }

    fn wake_up_queue() -> (WakeUpQueue, Arc<TestSender>) {
        let delivery = Arc::new(TestSender::default());
        (WakeUpQueue::new(Some(Arc::new(delivery.clone()))), delivery)
    }

    fn wake_up() -> WakeUp {
        WakeUp::new(OperationId::new(), "default")
    }

    #[tokio::test]
    async fn what_was_sent_before_a_flush_is_delivered_after_it() {
        let (wake_up_queue, delivery) = wake_up_queue();
        let wake_ups: Vec<_> = (0..3 * BATCH_LEN_MAX).map(|_| wake_up()).collect();
        wake_ups.iter().cloned().for_each(|wake_up| wake_up_queue.send(wake_up));
        wake_up_queue.flush().await;
        assert_eq!(delivery.delivered(), wake_ups);
        assert_eq!(delivery.batches.load(std::sync::atomic::Ordering::SeqCst), 3);

        let late = wake_up();
        wake_up_queue.send(late.clone());
        wake_up_queue.flush().await;
        assert_eq!(delivery.delivered().last(), Some(&late));
    }

    #[tokio::test]
    async fn what_waits_is_sent_when_the_process_forgets_about_it() {
        let (wake_up_queue, delivery) = wake_up_queue();
        let wake_up = wake_up();
        wake_up_queue.send(wake_up.clone());
        drop(wake_up_queue);
        delivery.tried.notified().await;
        assert_eq!(delivery.delivered(), [wake_up]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_away_costs_the_sender_neither_time_nor_memory() {
        for way in [Behaviour::Fails, Behaviour::Hangs] {
            let (wake_up_queue, delivery) = wake_up_queue();
            delivery.goes(way);
            wake_up_queue.send(wake_up());
            delivery.tried.notified().await;
            let before = Instant::now();
            (0..2 * LEN_MAX).for_each(|_| wake_up_queue.send(wake_up()));
            assert_eq!(before.elapsed(), Duration::ZERO);

            delivery.goes(Behaviour::Works);
            delivery.tried.notified().await;
            wake_up_queue.flush().await;
            assert_eq!(delivery.delivered().len(), LEN_MAX);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_takes_no_longer_than_sending_may() {
        let (wake_up_queue, delivery) = wake_up_queue();
        delivery.goes(Behaviour::Hangs);
        (0..LEN_MAX).for_each(|_| wake_up_queue.send(wake_up()));
        let before = Instant::now();
        wake_up_queue.flush().await;
        assert_eq!(before.elapsed().as_secs(), SEND_TIMEOUT.as_secs());
    }

    #[tokio::test]
    async fn a_panic_costs_no_more_than_what_was_sent_by_then() {
        let (wake_up_queue, delivery) = wake_up_queue();
        delivery.goes(Behaviour::Panics);
        wake_up_queue.send(wake_up());
        let queue = wake_up_queue.sender().as_ref().map(|sender| sender.queue.clone());
        queue.unwrap().closed().await;
        delivery.goes(Behaviour::Works);
        let wake_up = wake_up();
        wake_up_queue.send(wake_up.clone());
        wake_up_queue.flush().await;
        assert_eq!(delivery.delivered(), [wake_up]);
    }
}
