//! The clock that dates log lines and stages.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// The source of the timestamps of log lines and stages.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Clock {
    /// The system clock, for times that people can compare with other logs.
    #[default]
    System,
    /// A clock that follows the time of tokio, which a test can pause.
    Tokio { began_on: DateTime<Utc>, began: Instant },
}

impl Clock {
    /// Creates a tokio clock whose current time is `began_on`.
    pub(crate) fn begin(began_on: DateTime<Utc>) -> Self {
        Self::Tokio { began_on, began: Instant::now() }
    }

    pub(super) fn now(self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Tokio { began_on, began } => {
                let elapsed = TimeDelta::from_std(began.elapsed()).unwrap_or(TimeDelta::MAX);
                began_on.checked_add_signed(elapsed).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
        }
    }
}
