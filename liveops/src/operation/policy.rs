//! The execution policy of an operation type.

use std::time::Duration;

/// Maximum of every duration of an operation: a hundred leap years. With it, every time that liveops computes is
/// within the calendar of both databases.
pub(crate) const DURATION_MAX: Duration = Duration::from_secs(36_600 * 24 * 60 * 60);

/// The execution policy of an operation type: queue, priority, attempts and time limits, from `#[liveop(…)]`.
///
/// ```
/// use std::time::Duration;
/// use liveops::{Backoff, CancelMode, LiveOperation};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(queue = "mail", max_attempts = 5, backoff = "10s..1h", timeout = "2 min")]
/// struct Newsletter {
///     issue: u32,
/// }
///
/// let policy = Newsletter::POLICY;
/// assert_eq!((policy.queue, policy.max_attempts), ("mail", 5));
/// assert_eq!(policy.backoff.wait(1), Duration::from_secs(10));
/// assert_eq!(policy.timeout, Some(Duration::from_secs(120)));
/// assert_eq!(policy.cancel, CancelMode::Cooperative);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The queue that operations wait in. Default: `default`.
    pub queue: &'static str,
    /// The priority: operations with a larger number start first. Default: 0.
    pub priority: i32,
    /// The maximum number of attempts, at least 1. Default: 1, so no operation runs twice unless its author
    /// allows it.
    pub max_attempts: u32,
    /// The wait before another attempt.
    pub backoff: Backoff,
    /// The maximum duration of one attempt, at most 36,600 days. Default: no limit.
    pub timeout: Option<Duration>,
    /// The way in which a running operation is cancelled. Default: [`CancelMode::Cooperative`].
    pub cancel: CancelMode,
    /// `true` to put a run that a shutdown interrupts back into the queue, even without attempts left.
    /// Default: `false`, so the operation ends with an error unless
    /// [`max_attempts`](Self::max_attempts) allows another attempt.
    pub requeue_on_shutdown: bool,
    /// The version of the shape of the input, from 1. The row of an operation contains the version.
    pub version: u32,
}

impl Policy {
    /// The policy of an operation without keys in `#[liveop(…)]`.
    pub const DEFAULT: Self = Self {
        queue: "default",
        priority: 0,
        max_attempts: 1,
        backoff: Backoff::DEFAULT,
        timeout: None,
        cancel: CancelMode::Cooperative,
        requeue_on_shutdown: false,
        version: 1,
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The wait before another attempt. The wait doubles with each failed attempt, from `first` up to `longest`.
///
/// ```
/// use std::time::Duration;
///
/// use liveops::Backoff;
///
/// let backoff =
///     Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(60) };
/// assert_eq!(backoff.wait(1), Duration::from_secs(10));
/// assert_eq!(backoff.wait(2), Duration::from_secs(20));
/// assert_eq!(backoff.wait(4), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait before the second attempt.
    pub first: Duration,
    /// The upper bound of all waits, not less than `first` and at most 36,600 days.
    pub longest: Duration,
}

impl Backoff {
    /// From 10 seconds to 1 hour.
    pub const DEFAULT: Self =
        Self { first: Duration::from_secs(10), longest: Duration::from_secs(60 * 60) };

    /// Returns the wait after `failed` failed attempts.
    pub fn wait(self, failed: u32) -> Duration {
        let doublings = failed.saturating_sub(1);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// The way in which a running operation is cancelled. [`Policy`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelMode {
    /// The run ends at its next cancellation check: [`Progress::track`](crate::Progress::track),
    /// [`Progress::stage`](crate::Progress::stage) or
    /// [`Progress::check_cancelled`](crate::Progress::check_cancelled).
    Cooperative,
    /// The run gets a grace period to reach a cancellation check. After that, the run is dropped at its next
    /// `.await`.
    Abort,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(60) };
        let waits: Vec<u64> = (0..6).map(|failed| backoff.wait(failed).as_secs()).collect();
        assert_eq!(waits, [10, 10, 20, 40, 60, 60]);
        assert_eq!(backoff.wait(u32::MAX), backoff.longest);
    }

    #[test]
    fn a_constant_backoff_has_equal_waits() {
        let second = Duration::from_secs(1);
        let backoff = Backoff { first: second, longest: second };
        assert!((0..40).all(|failed| backoff.wait(failed) == second));
    }
}
