//! The outgoing wake-ups of this process, sent by a background task so that no caller waits for the
//! backend.

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

/// Maximum number of waiting wake-ups. Further wake-ups are dropped; polls find their operations.
const LEN_MAX: usize = 1_000;

/// Maximum number of wake-ups per [`WakeUpSender::send`].
const BATCH_LEN_MAX: usize = 100;

/// Time limit for one [`WakeUpSender::send`].
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct WakeUpQueue {
    /// `None` if the application set no sender.
    wake_ups: Option<Arc<dyn WakeUpSender>>,
    /// The background task. `None` before the first wake-up.
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

    /// Queues a wake-up for the background task, without waiting.
    pub(in crate::runner) fn send(&self, wake_up: WakeUp) {
        let Some(wake_ups) = &self.wake_ups else { return };
        let mut sender = self.sender();
        // The sender may have panicked, which ends the task.
        sender.take_if(|sender| sender.queue.is_closed());
        let queue = &sender.get_or_insert_with(|| SenderTask::start(wake_ups.clone())).queue;
        if let Err(error) = queue.try_send(wake_up) {
            let error = &error as &dyn StdError;
            tracing::debug!(error, "dropped a wake-up; a poll will find its operation");
        }
    }

    /// Waits until the queued wake-ups are sent, at most [`SEND_TIMEOUT`].
    pub(in crate::runner) async fn flush(&self) {
        let Some(SenderTask { queue, task }) = self.sender().take() else { return };
        drop(queue);
        if time::timeout(SEND_TIMEOUT, task).await.is_err() {
            tracing::warn!("could not send all wake-ups in time; polls will find their operations");
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

/// Sends queued wake-ups until the queue is dropped and empty.
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
            "could not send wake-ups; polls will find their operations"
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

    /// Records the wake-ups, or fails as `behaviour` says.
    #[derive(Debug, Default)]
    struct TestSender {
        behaviour: Mutex<Behaviour>,
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
            let behaviour = *self.behaviour.lock().unwrap();
            match behaviour {
                Behaviour::Works => {
                    assert!(!wake_ups.is_empty() && wake_ups.len() <= BATCH_LEN_MAX);
                    self.batches.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    self.delivered.lock().unwrap().extend(wake_ups);
                    Ok(())
                }
                Behaviour::Fails => Err(WakeUpError::new("the queue is unreachable")),
                Behaviour::Hangs => future::pending().await,
                Behaviour::Panics => panic!("the queue is broken"),
            }
        }
    }

    impl TestSender {
        fn set_behaviour(&self, behaviour: Behaviour) {
            *self.behaviour.lock().unwrap() = behaviour;
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
    async fn a_flush_delivers_all_earlier_wake_ups() {
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
    async fn waiting_wake_ups_are_sent_after_the_queue_is_dropped() {
        let (wake_up_queue, delivery) = wake_up_queue();
        let wake_up = wake_up();
        wake_up_queue.send(wake_up.clone());
        drop(wake_up_queue);
        delivery.tried.notified().await;
        assert_eq!(delivery.delivered(), [wake_up]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unreachable_queue_costs_the_caller_neither_time_nor_memory() {
        for behaviour in [Behaviour::Fails, Behaviour::Hangs] {
            let (wake_up_queue, delivery) = wake_up_queue();
            delivery.set_behaviour(behaviour);
            wake_up_queue.send(wake_up());
            delivery.tried.notified().await;
            let before = Instant::now();
            (0..2 * LEN_MAX).for_each(|_| wake_up_queue.send(wake_up()));
            assert_eq!(before.elapsed(), Duration::ZERO);

            delivery.set_behaviour(Behaviour::Works);
            delivery.tried.notified().await;
            wake_up_queue.flush().await;
            assert_eq!(delivery.delivered().len(), LEN_MAX);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flush_takes_no_longer_than_the_send_timeout() {
        let (wake_up_queue, delivery) = wake_up_queue();
        delivery.set_behaviour(Behaviour::Hangs);
        (0..LEN_MAX).for_each(|_| wake_up_queue.send(wake_up()));
        let before = Instant::now();
        wake_up_queue.flush().await;
        assert_eq!(before.elapsed().as_secs(), SEND_TIMEOUT.as_secs());
    }

    #[tokio::test]
    async fn a_panic_loses_only_the_wake_ups_being_sent() {
        let (wake_up_queue, delivery) = wake_up_queue();
        delivery.set_behaviour(Behaviour::Panics);
        wake_up_queue.send(wake_up());
        let queue = wake_up_queue.sender().as_ref().map(|sender| sender.queue.clone());
        queue.unwrap().closed().await;
        delivery.set_behaviour(Behaviour::Works);
        let wake_up = wake_up();
        wake_up_queue.send(wake_up.clone());
        wake_up_queue.flush().await;
        assert_eq!(delivery.delivered(), [wake_up]);
    }
}
