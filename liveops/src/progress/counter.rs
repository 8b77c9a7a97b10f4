//! The position of a progress bar, for updates from tight loops.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::event::Measure;

/// The position of a progress bar, held in atomics: counting takes no lock and allocates nothing.
///
/// A flush reads the atomics together. A flush in the middle of an update may read half of the update; the
/// next flush, one tick later, reads the rest.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    unit: AtomicU8,
    /// The bits of the percentage, if the unit is `PERCENT`.
    percent: AtomicU64,
    /// The number of processed items. Zero while the unit is not `COUNT`, so that threads which start to
    /// count at the same time have nothing to reset.
    done: AtomicU64,
    total: AtomicU64,
}

const NOTHING: u8 = 0;
const PERCENT: u8 = 1;
const COUNT: u8 = 2;

const UNKNOWN: u64 = u64::MAX;

impl Counter {
    /// Sets the bar to a percentage, clamped to 0..=100; NaN is ignored.
    pub(crate) fn percent(&self, percent: f64) {
        if !percent.is_nan() {
            self.percent.store(percent.clamp(0.0, 100.0).to_bits(), Ordering::Relaxed);
            self.done.store(0, Ordering::Relaxed);
            self.unit.store(PERCENT, Ordering::Relaxed);
        }
    }

    /// Sets the bar to a count and a total.
    pub(crate) fn set(&self, done: u64, total: Option<u64>) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total.unwrap_or(UNKNOWN), Ordering::Relaxed);
        self.unit.store(COUNT, Ordering::Relaxed);
    }

    /// Sets the count and keeps the total. Only one thread may count this way.
    pub(crate) fn advance_to(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// Adds `by` to the count.
    pub(crate) fn inc(&self, by: u64) {
        if self.unit.load(Ordering::Relaxed) != COUNT {
            self.total.store(UNKNOWN, Ordering::Relaxed);
            self.unit.store(COUNT, Ordering::Relaxed);
        }
        self.done.fetch_add(by, Ordering::Relaxed);
    }

    /// Removes the bar.
    pub(crate) fn reset(&self) {
        self.done.store(0, Ordering::Relaxed);
        self.unit.store(NOTHING, Ordering::Relaxed);
    }

    /// Returns the position of the bar; `None` if there is no bar.
    pub(crate) fn measure(&self) -> Option<Measure> {
        match self.unit.load(Ordering::Relaxed) {
            PERCENT => {
                let percent = self.percent.load(Ordering::Relaxed);
                Some(Measure::Percent(f64::from_bits(percent)))
            }
            COUNT => {
                let done = self.done.load(Ordering::Relaxed);
                let total = self.total.load(Ordering::Relaxed);
                Some(Measure::Count { done, total: (total != UNKNOWN).then_some(total) })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_start_to_count_at_once_lose_nothing() {
        for _ in 0..500 {
            let counter = Counter::default();
            let begun = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        begun.wait();
                        for _ in 0..10 {
                            counter.inc(1);
                        }
                    });
                }
            });
            assert_eq!(counter.measure(), Some(Measure::Count { done: 40, total: None }));
        }
    }

    #[test]
    fn percent_is_clamped_and_nan_is_ignored() {
        let counter = Counter::default();
        for (given, shown) in [(50.0, 50.0), (-1.0, 0.0), (f64::INFINITY, 100.0)] {
            counter.percent(given);
            counter.percent(f64::NAN);
            assert_eq!(counter.measure(), Some(Measure::Percent(shown)));
        }
    }

    #[test]
    fn counting_after_a_percentage_starts_a_new_count() {
        let counter = Counter::default();
        counter.percent(50.0);
        counter.inc(2);
        counter.inc(3);
        assert_eq!(counter.measure(), Some(Measure::Count { done: 5, total: None }));
        counter.reset();
        assert_eq!(counter.measure(), None);
    }
}
