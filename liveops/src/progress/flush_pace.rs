//! The pace of the flushes of a process: slower while its runtime is overloaded.
//!
//! Past saturation, every task waits for its turn behind the flushes of all runs, also the connections of new
//! clients. Fewer flushes, each with more reports, keep the wait short.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::{
    task,
    time::{Duration, Instant},
};

/// Minimum interval between two measurements.
const MEASURE_INTERVAL: Duration = Duration::from_millis(20);

/// Wait of a task for its turn at which the runtime counts as overloaded.
const OVERLOADED_AT: Duration = Duration::from_millis(30);

/// Wait of a task for its turn below which the flushes become faster again.
const RELAXED_AT: Duration = Duration::from_millis(15);

/// Maximum change of the interval after one measurement.
const SLOWER_MAX: f64 = 1.25;
const FASTER: f64 = 0.97;

/// Longest interval between two flushes of an overloaded process. Updates arrive within about this time.
const INTERVAL_MAX: Duration = Duration::from_millis(600);

/// The pace of all flushers of a process.
///
/// Flushers take turns in measuring the time for which a task that is ready waits for its turn. The interval
/// between two flushes of a run grows while this time is long.
#[derive(Debug)]
pub(crate) struct FlushPace {
    measured: Mutex<Option<Instant>>,
    /// The slow-down as the bits of a number from 1.
    slow_down: AtomicU64,
}

impl FlushPace {
    pub(crate) fn new() -> Self {
        Self { measured: Mutex::default(), slow_down: AtomicU64::new(1.0_f64.to_bits()) }
    }

    /// Returns the interval between two flushes of a run whose throttle has `interval`.
    pub(super) fn interval(&self, interval: Duration) -> Duration {
        let slow_down = self.slow_down();
        if slow_down <= 1.0 {
            return interval;
        }
        interval.mul_f64(slow_down).min(INTERVAL_MAX).max(interval)
    }

    /// Measures the wait of a task for its turn, unless another flusher measures or has just done so.
    pub(super) async fn measure(&self) {
        let begun = Instant::now();
        if !self.begins_measurement(begun) {
            return;
        }
        task::yield_now().await;
        self.record(begun.elapsed());
    }

    fn begins_measurement(&self, now: Instant) -> bool {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = measured.is_none_or(|measured| now >= measured + MEASURE_INTERVAL);
        if is_due {
            *measured = Some(now);
        }
        is_due
    }

    fn record(&self, wait: Duration) {
        let change = if wait > OVERLOADED_AT {
            (wait.as_secs_f64() / OVERLOADED_AT.as_secs_f64()).min(SLOWER_MAX)
        } else if wait < RELAXED_AT {
            FASTER
        } else {
            return;
        };
        // The bound keeps the way back short.
        let slow_down = (self.slow_down() * change).clamp(1.0, 20.0);
        self.slow_down.store(slow_down.to_bits(), Ordering::Relaxed);
    }

    fn slow_down(&self) -> f64 {
        f64::from_bits(self.slow_down.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(50);

    #[test]
    fn the_interval_grows_while_tasks_wait_and_returns_afterwards() {
        let pace = FlushPace::new();
        assert_eq!(pace.interval(INTERVAL), INTERVAL);
        pace.record(OVERLOADED_AT * 2);
        assert_eq!(pace.interval(INTERVAL), INTERVAL.mul_f64(SLOWER_MAX));
        (0..100).for_each(|_| pace.record(OVERLOADED_AT * 2));
        assert_eq!(pace.interval(INTERVAL), INTERVAL_MAX);
        (0..200).for_each(|_| pace.record(Duration::ZERO));
        assert_eq!(pace.interval(INTERVAL), INTERVAL);
    }

    #[test]
    fn a_throttle_below_the_longest_interval_stays_as_it_is() {
        let pace = FlushPace::new();
        (0..100).for_each(|_| pace.record(OVERLOADED_AT * 2));
        assert_eq!(pace.interval(Duration::from_secs(10)), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn flushers_measure_at_most_once_in_an_interval() {
        let pace = FlushPace::new();
        let now = Instant::now();
        assert!(pace.begins_measurement(now));
        assert!(!pace.begins_measurement(now + MEASURE_INTERVAL / 2));
        assert!(pace.begins_measurement(now + MEASURE_INTERVAL));
    }
}
