//! The guard that reports the end of a stage.
//!
//! A stage is entered with its enum variant (`stage`) or with a token that exists once (`stages`, `enter`).
//! Tokens do not enforce an order: a token that each stage returns for the next one would forbid stages that
//! are skipped or run concurrently.

use super::Report;
use crate::{error::RunResult, event::StageState};

/// An entered stage; dropping the guard leaves the stage.
///
/// A guard that is dropped without [`leave`](Self::leave) means a panic or a dropped future. The stage then
/// counts as cancelled after a cancellation request, and as failed otherwise.
pub(super) struct StageGuard<'a> {
    report: &'a Report,
    index: usize,
    left: Option<StageState>,
}

impl<'a> StageGuard<'a> {
    pub(super) fn enter(report: &'a Report, index: usize) -> Self {
        report.stage(index, StageState::Active);
        Self { report, index, left: None }
    }

    pub(super) fn leave<T>(mut self, result: &RunResult<T>) {
        self.left = Some(match result {
            Ok(_) => StageState::Done,
            Err(error) if error.is_cancelled() => StageState::Cancelled,
            Err(_) => StageState::Failed,
        });
    }

    /// Leaves a stage that did not run because an earlier attempt saved its output.
    pub(super) fn leave_reused(mut self) {
        self.left = Some(StageState::Reused);
    }
}

impl Drop for StageGuard<'_> {
    fn drop(&mut self) {
        let dropped = || {
            let is_cancelled = self.report.cancellation.is_requested();
            if is_cancelled { StageState::Cancelled } else { StageState::Failed }
        };
        self.report.stage(self.index, self.left.unwrap_or_else(dropped));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{Cancelled, RunError},
        projection::Projection,
    };

    fn left_by(leave: impl FnOnce(StageGuard<'_>)) -> StageState {
        let report = Report::new(Projection::new(1));
        leave(StageGuard::enter(&report, 0));
        report.projection().stages[0]
    }

    #[test]
    fn a_stage_shows_how_it_was_left() {
        assert_eq!(left_by(|stage| stage.leave(&Ok(()))), StageState::Done);
        assert_eq!(left_by(|stage| stage.leave::<()>(&Err("broken".into()))), StageState::Failed);
        let cancelled = RunError::from(Cancelled);
        assert_eq!(left_by(|stage| stage.leave::<()>(&Err(cancelled))), StageState::Cancelled);
        let reused = left_by(|stage| {
            stage.leave_reused();
        });
        assert_eq!(reused, StageState::Reused);
    }

    #[test]
    fn a_dropped_stage_shows_as_failed() {
        assert_eq!(left_by(|stage| drop(stage)), StageState::Failed);
    }

    #[test]
    fn a_stage_dropped_after_a_cancellation_request_shows_as_cancelled() {
        let left = left_by(|stage| {
            stage.report.cancel();
            drop(stage);
        });
        assert_eq!(left, StageState::Cancelled);
    }
}
