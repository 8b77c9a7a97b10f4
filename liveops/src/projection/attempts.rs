//! The number of the shown attempt among the allowed attempts.

use chrono::{DateTime, Utc};

/// The number of the shown attempt and the number of allowed attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// The number of the attempt, from 1. Attempts before a user's retry and attempts handed back at a
    /// shutdown do not count.
    pub number: u32,
    /// The number of allowed attempts.
    pub max: u32,
    /// The number of times since a user's last retry that a shutdown interrupted the operation and put it
    /// back into the queue.
    pub hand_backs: u32,
    /// The earliest start of the attempt, while the attempt waits for this time.
    pub starts_on: Option<DateTime<Utc>>,
}

impl Attempts {
    /// The first attempt of an operation that has only one.
    pub(crate) const ONLY: Self = Self { number: 1, max: 1, hand_backs: 0, starts_on: None };

    /// Returns `true` if an earlier attempt exists.
    pub(crate) fn is_another(self) -> bool {
        self.number > 1
    }
}
