//! The rate limiter for the pushes of a run and for the messages of a client.
//!
//! Owns only the arithmetic. The caller passes the current time, and decides whether to wait or to refuse.

use tokio::time::{Duration, Instant};

/// A limit on the rate of events that permits bursts, with the generic cell rate algorithm.
///
/// Each event moves `due_on` one interval ahead. `due_on` may be at most `tolerance` ahead of the clock, so
/// that a burst passes at once and later events pass at the rate.
#[derive(Debug, Clone)]
pub(crate) struct RateLimit {
    interval: Duration,
    tolerance: Duration,
    due_on: Instant,
}

impl RateLimit {
    /// Creates a limit of `per_second` events a second, of which `burst` may come at once.
    pub(crate) fn new(per_second: f64, burst: u32, now: Instant) -> Self {
        let interval = Duration::from_secs_f64(1.0 / per_second);
        Self { interval, tolerance: interval * burst.saturating_sub(1), due_on: now }
    }

    /// Returns the interval between two events at the rate.
    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// Returns the earliest time at which the next event is within the rate.
    pub(crate) fn free_on(&self) -> Instant {
        self.due_on.checked_sub(self.tolerance).unwrap_or(self.due_on)
    }

    /// Counts an event, also one that exceeds the rate.
    pub(crate) fn count(&mut self, now: Instant) {
        self.due_on = self.due_on.max(now) + self.interval;
    }

    /// Counts an event and returns `true` if the event is within the rate. Otherwise returns `false` without
    /// counting.
    #[must_use]
    pub(crate) fn try_count(&mut self, now: Instant) -> bool {
        let is_within = self.due_on <= now + self.tolerance;
        if is_within {
            self.count(now);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts and returns the number of events that pass at `now`.
    fn burst(limit: &mut RateLimit, now: Instant) -> u32 {
        (0..).take_while(|_| limit.try_count(now)).last().map_or(0, |last| last + 1)
    }

    #[test]
    fn a_burst_passes_at_once_and_later_events_at_the_rate() {
        let begin = Instant::now();
        let mut limit = RateLimit::new(512.0, 512, begin);
        assert_eq!(burst(&mut limit, begin), 512);
        assert_eq!(limit.free_on(), begin + limit.interval());
        let second = Duration::from_secs(1);
        assert_eq!(burst(&mut limit, begin + second / 4), 128);
        assert_eq!(burst(&mut limit, begin + second / 4), 0);
        assert_eq!(burst(&mut limit, begin + second), 384);
    }

    #[test]
    fn a_pause_permits_one_burst_only() {
        let begin = Instant::now();
        let mut limit = RateLimit::new(10.0, 3, begin);
        assert_eq!(burst(&mut limit, begin), 3);
        assert_eq!(burst(&mut limit, begin + Duration::from_secs(3_600)), 3);
    }

    #[test]
    fn a_refused_event_costs_nothing() {
        let begin = Instant::now();
        let mut limit = RateLimit::new(1.0, 1, begin);
        assert!(limit.try_count(begin));
        for _ in 0..100 {
            assert!(!limit.try_count(begin + Duration::from_millis(999)));
        }
        assert!(limit.try_count(begin + Duration::from_secs(1)));
    }

    #[test]
    fn an_event_over_the_rate_that_is_counted_delays_the_next_one() {
        let begin = Instant::now();
        let mut limit = RateLimit::new(1.0, 2, begin);
        for _ in 0..4 {
            limit.count(begin);
        }
        assert_eq!(limit.free_on(), begin + Duration::from_secs(3));
    }
}
