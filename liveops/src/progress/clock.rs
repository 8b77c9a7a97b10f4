use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// What the lines of a log and the stages of a run are dated by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Clock {
    /// The system's, which is what people compare a log with.
    #[default]
    System,
    /// One that goes with the time of tokio, which a test may have stopped.
    Tokio { began_on: DateTime<Utc>, began: Instant },
}

impl Clock {
    /// A clock that says `began_on` now.
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
