//! The duration of the current poll of a run, for the warning about runs that hold their thread.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time;

/// Duration of one poll after which a run counts as holding its thread.
pub(super) const HELD_AFTER: Duration = Duration::from_secs(1);

/// The start of the current poll of one future.
#[derive(Debug)]
pub(super) struct PollClock {
    /// The system's clock, also while the clock of the runtime is paused: threads are not paused.
    origin: Instant,
    /// Nanoseconds from `origin` to the start of the current poll; 0 between two polls.
    since: AtomicU64,
    /// The start of the newest poll that was reported.
    reported: AtomicU64,
}

impl PollClock {
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), since: AtomicU64::new(0), reported: AtomicU64::new(0) }
    }

    /// Wraps `future`, so that this clock shows its polls.
    pub(super) fn watch<F: Future>(self: &Arc<Self>, future: F) -> Watched<F> {
        Watched { future: Box::pin(future), clock: self.clone() }
    }

    /// Waits until one poll has lasted [`HELD_AFTER`]: the future holds its thread. Returns once for each
    /// poll.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn held(&self) {
        loop {
            let since = self.since.load(Ordering::Acquire);
            let wait = if since == 0 || since == self.reported.load(Ordering::Relaxed) {
                HELD_AFTER
            } else {
                let lasts = self.now().saturating_sub(since);
                HELD_AFTER.saturating_sub(Duration::from_nanos(lasts))
            };
            if wait.is_zero() {
                self.reported.store(since, Ordering::Relaxed);
                return;
            }
            time::sleep(wait).await;
        }
    }

    fn now(&self) -> u64 {
        // Never 0, which means that no poll is in progress.
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

/// A future whose polls a [`PollClock`] shows.
pub(super) struct Watched<F> {
    future: Pin<Box<F>>,
    clock: Arc<PollClock>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.clock.since.store(self.clock.now(), Ordering::Release);
        let polled = self.future.as_mut().poll(cx);
        self.clock.since.store(0, Ordering::Release);
        polled
    }
}
