//! The time at which a stage was entered and left.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::StageState;

/// The times at which a stage was last entered and left.
///
/// Both times are `None` while the stage is pending, and for a run that recorded none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(crate) struct StageTiming {
    /// The time of entry, if recorded.
    pub entered_on: Option<DateTime<Utc>>,
    /// The time of leaving, if the stage was left and the time was recorded.
    pub left_on: Option<DateTime<Utc>>,
}

impl StageTiming {
    /// Returns the duration of the stage; `None` while the stage is active and if a time is unknown.
    pub(crate) fn took(self) -> Option<Duration> {
        (self.left_on? - self.entered_on?).to_std().ok()
    }

    /// Records that the stage changed to `state` at `at`.
    pub(super) fn note(&mut self, state: StageState, at: DateTime<Utc>) {
        match state {
            StageState::Active => *self = Self { entered_on: Some(at), left_on: None },
            StageState::Pending => *self = Self::default(),
            StageState::Done | StageState::Reused | StageState::Failed | StageState::Cancelled => {
                self.left_on = Some(at);
            }
        }
    }
}
