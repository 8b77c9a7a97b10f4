use chrono::{DateTime, Utc};

/// Which attempt at an operation is shown, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Its number, from 1, since the operation was enqueued or a user retried it.
    pub number: u32,
    /// How many there may be.
    pub max: u32,
    /// When it may start at the earliest, while it waits for that.
    pub starts_on: Option<DateTime<Utc>>,
}

impl Attempts {
    /// The only attempt there is.
    pub const ONLY: Self = Self { number: 1, max: 1, starts_on: None };

    /// Whether there was one before.
    pub fn is_another(self) -> bool {
        self.number > 1
    }
}
