use std::time::Duration;

/// How operations of one type are run: what `#[liveop(…)]` says of queue, attempts and time.
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
    /// The queue operations wait in: `default`.
    pub queue: &'static str,
    /// Larger goes first; 0.
    pub priority: i32,
    /// How often an operation may be run in all, at least once; 1, so that nothing is run twice
    /// unless its author said so.
    pub max_attempts: u32,
    /// How long to wait before another attempt.
    pub backoff: Backoff,
    /// How long one attempt may take; without end.
    pub timeout: Option<Duration>,
    /// How a running operation is cancelled; [`CancelMode::Cooperative`].
    pub cancel: CancelMode,
    /// Which shape of the input this is, from 1; kept in the row.
    pub version: u32,
}

impl Policy {
    /// What an operation gets that says nothing.
    pub const DEFAULT: Self = Self {
        queue: "default",
        priority: 0,
        max_attempts: 1,
        backoff: Backoff::DEFAULT,
        timeout: None,
        cancel: CancelMode::Cooperative,
        version: 1,
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How long to wait before another attempt: twice as long each time, from `first` up to `longest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait before the second attempt.
    pub first: Duration,
    /// What no wait is longer than; not less than `first`.
    pub longest: Duration,
}

impl Backoff {
    /// From ten seconds to an hour.
    pub const DEFAULT: Self =
        Self { first: Duration::from_secs(10), longest: Duration::from_secs(60 * 60) };

    /// How long to wait after `failed` attempts have failed.
    pub fn wait(self, failed: u32) -> Duration {
        let doublings = failed.saturating_sub(1);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// How a running operation is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelMode {
    /// It ends at its next look: [`Progress::track`](crate::Progress::track),
    /// [`Progress::stage`](crate::Progress::stage) or
    /// [`Progress::check_cancelled`](crate::Progress::check_cancelled).
    Cooperative,
    /// It is given time to look, and then dropped at its next `.await`.
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
    fn one_length_is_waited_every_time() {
        let second = Duration::from_secs(1);
        let backoff = Backoff { first: second, longest: second };
        assert!((0..40).all(|failed| backoff.wait(failed) == second));
    }
}
