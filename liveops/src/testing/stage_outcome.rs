//! The outcome of a stage in a recording.

use crate::event::StageState;

/// The outcome of a stage that a run entered. The [module `testing`](crate::testing) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StageOutcome {
    /// The stage succeeded.
    Done,
    /// The stage used the saved output of an earlier attempt, and did not run again.
    Reused,
    /// The stage returned an error, or its future was dropped.
    Failed,
    /// The stage ended because the run was cancelled.
    Cancelled,
    /// The stage panicked. Pages show such a stage as failed.
    Panicked,
    /// The run ended before the stage did.
    Unfinished,
}

impl StageOutcome {
    pub(super) fn of(state: StageState) -> Self {
        match state {
            StageState::Done => Self::Done,
            StageState::Reused => Self::Reused,
            StageState::Failed => Self::Failed,
            StageState::Cancelled => Self::Cancelled,
            StageState::Pending | StageState::Active => Self::Unfinished,
        }
    }
}
