use crate::event::StageState;

/// How a stage was left that a run had entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StageOutcome {
    /// With success.
    Done,
    /// With what an earlier attempt had saved: it was not run again.
    Reused,
    /// With an error, or because its future was dropped.
    Failed,
    /// Because the run was asked to stop.
    Cancelled,
    /// With a panic, which pages show as failed.
    Panicked,
    /// Not at all: the run ended before it.
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
