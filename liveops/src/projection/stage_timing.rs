use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::StageState;

/// When a stage was entered and left: the last time, where the run entered it more than once.
///
/// Both are unknown while the stage is pending, and of a run that noted neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct StageTiming {
    /// When it was entered, where that is known.
    pub entered_on: Option<DateTime<Utc>>,
    /// When it was left, where it was, and that is known.
    pub left_on: Option<DateTime<Utc>>,
}

impl StageTiming {
    /// How long the stage took; `None` while it goes on, and where that is unknown.
    pub fn took(self) -> Option<Duration> {
        (self.left_on? - self.entered_on?).to_std().ok()
    }

    /// Notes that the stage came to `state`.
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
