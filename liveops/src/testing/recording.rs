//! The recording of a test run: its events and its ending, with accessors for assertions.

use std::{collections::HashMap, fmt, sync::Arc};

use super::StageOutcome;
use crate::{
    error::RunResult,
    event::{Bar, Ending, Event, LogLine, StageState, Status},
    operation::{Attempt, NewOperation, Stage, Storable},
    progress::{Run, RunContext},
    projection::Projection,
    runner::Outcome,
};

/// The events and the ending of a test run. The [module `testing`](crate::testing) has an example for each
/// kind of ending.
///
/// A recording covers one attempt, and its ending is that of a last attempt. Call
/// [`has_next_attempt`](Self::has_next_attempt) to check whether another attempt would follow.
#[non_exhaustive]
pub struct Recording<Op: Run> {
    /// The result of `run`.
    ///
    /// If the run panicked, or was stopped before it returned, an error with the reason.
    pub result: RunResult<Op::Output>,
    /// Every event in order, with every change of the bar: also changes that a page would not show.
    pub(crate) events: Vec<Event>,
    /// The projection of all events: the final state of the page.
    pub(crate) projection: Projection,
    pub(super) outcome: Outcome,
    pub(super) next: Option<NewOperation>,
    pub(super) panicked: bool,
    /// Positions of the events that were reported during a panic.
    pub(super) while_panicking: Vec<usize>,
    /// Outputs of durable stages as JSON, by label: those of this run and of earlier attempts.
    pub(super) saved: HashMap<String, String>,
    pub(super) context: Arc<RunContext>,
}

impl<Op: Run> Recording<Op> {
    /// Returns the texts of the status line, in order.
    pub fn statuses(&self) -> Vec<&str> {
        self.status_lines().into_iter().map(|status| &*status.text).collect()
    }

    /// Returns the status lines with their levels, in order.
    pub fn status_lines(&self) -> Vec<&Status> {
        self.pick(|event| match event {
            Event::Status(status) => Some(status),
            _ => None,
        })
    }

    /// Returns the texts of the log, in order.
    pub fn log(&self) -> Vec<&str> {
        self.log_lines().into_iter().map(|line| line.text.as_str()).collect()
    }

    /// Returns the lines of the log with their levels and times, in order.
    pub fn log_lines(&self) -> Vec<&LogLine> {
        self.pick(|event| match event {
            Event::Log(line) => Some(line),
            _ => None,
        })
    }

    /// Returns the bar after each of its changes, in order.
    pub fn bars(&self) -> Vec<&Bar> {
        self.pick(|event| match event {
            Event::Bar(Some(bar)) => Some(bar),
            _ => None,
        })
    }

    /// Returns the percentage of the bar after each of its changes, from 0 to 100. Bars without a total are
    /// left out.
    pub fn percents(&self) -> Vec<f64> {
        let bars = self.bars().into_iter();
        bars.filter_map(Bar::fraction).map(|fraction| fraction * 100.0).collect()
    }

    /// Returns every entered stage with its outcome, in order.
    pub fn stages(&self) -> Vec<(Op::Stage, StageOutcome)> {
        let entered = self.stage_events().filter(|(_, _, state)| *state == StageState::Active);
        let with_outcome = |(entered_at, entered, _)| {
            let mut later = self.stage_events().skip_while(|(at, ..)| *at <= entered_at);
            let end = later.find(|(_, index, _)| *index == entered);
            let outcome = end.map(|(at, _, state)| self.outcome_at(at, state));
            let stage = <Op::Stage as Stage>::ALL[entered];
            (stage, outcome.unwrap_or(StageOutcome::Unfinished))
        };
        entered.map(with_outcome).collect()
    }

    /// Returns each event about a stage: the position of the event, the index of the stage, and its new
    /// state.
    fn stage_events(&self) -> impl Iterator<Item = (usize, usize, StageState)> {
        self.events.iter().enumerate().filter_map(|(at, event)| match event {
            Event::Stage { index, state, .. } => Some((at, *index, *state)),
            _ => None,
        })
    }

    /// Returns the outcome for a stage that got `state` with the event at this position.
    pub(super) fn outcome_at(&self, at: usize, state: StageState) -> StageOutcome {
        if state == StageState::Failed && self.while_panicking.contains(&at) {
            StageOutcome::Panicked
        } else {
            StageOutcome::of(state)
        }
    }

    /// Returns every HTML that replaced the content of a custom region, in order.
    pub fn swaps(&self, region: &str) -> Vec<&str> {
        self.pick(|event| match event {
            Event::Swap { region: name, html } if name.as_str() == region => Some(&**html),
            _ => None,
        })
    }

    /// Returns every HTML that was appended to a custom region, in order.
    pub fn appends(&self, region: &str) -> Vec<&str> {
        self.pick(|event| match event {
            Event::Append { region: name, html } if name.as_str() == region => Some(&**html),
            _ => None,
        })
    }

    fn pick<'a, T>(&'a self, pick: impl FnMut(&'a Event) -> Option<T>) -> Vec<T> {
        self.events.iter().filter_map(pick).collect()
    }

    /// Returns the URL to which the browser is redirected when the operation has finished.
    pub fn redirect(&self) -> Option<&str> {
        self.projection.success_url.as_deref()
    }

    /// Returns the next operation of the chain: `None` if the run chained to no operation or to one of
    /// another type, or if the run did not finish.
    ///
    /// # Panics
    ///
    /// Panics if the next operation cannot be deserialized from its JSON.
    #[track_caller]
    pub fn chained<Next: Run>(&self) -> Option<Next> {
        let next = self.next().filter(|next| next.op_type == Next::OP_TYPE)?;
        Some(Next::deserialize(&next.input).expect("an operation deserializes from its JSON"))
    }

    /// Returns the next operation of the chain as it would be enqueued.
    pub fn next(&self) -> Option<&NewOperation> {
        self.next.as_ref()
    }

    /// Returns the ending of the attempt, with the output as JSON or the error message for the owner.
    pub fn ending(&self) -> &Ending {
        &self.outcome.ending
    }

    /// Returns the traceback of a failed run for staff: the error with its causes, or the panic with its
    /// location.
    pub fn traceback(&self) -> Option<&str> {
        self.outcome.traceback.as_deref()
    }

    /// Returns `true` if the run was asked to stop.
    pub fn was_cancel_requested(&self) -> bool {
        self.projection.cancel_requested
    }

    /// Returns `true` if the run ended with a panic.
    pub fn panicked(&self) -> bool {
        self.panicked
    }

    /// Returns `true` if another attempt would follow: the run failed, its error is not
    /// [final](crate::RunError::without_next_attempt), and
    /// [`max_attempts`](crate::operation::keys::max_attempts) allows one more attempt.
    pub fn has_next_attempt(&self) -> bool {
        let Attempt(number) = self.context.attempt;
        let is_left = number < Op::POLICY.max_attempts;
        matches!(self.ending(), Ending::Failed(_)) && is_left && !self.outcome.is_final
    }

    /// Returns the output that a durable stage saved, in this attempt or an earlier one; `None` if the stage
    /// saved no output.
    ///
    /// # Panics
    ///
    /// Panics if the output cannot be deserialized as `T`.
    #[track_caller]
    pub fn saved<T: Storable>(&self, stage: Op::Stage) -> Option<T> {
        let json = self.saved.get(stage.name())?;
        let saved = serde_json::from_str(json);
        Some(saved.unwrap_or_else(|error| panic!("{stage} saved {json}: {error}")))
    }

    /// Returns the output of a finished run.
    ///
    /// # Panics
    ///
    /// Panics with the transcript and the traceback if the run did not finish.
    #[track_caller]
    pub fn expect_finished(self) -> Op::Output {
        match (self.ending(), &self.result) {
            (Ending::Finished(_), Ok(_)) => {}
            _ => panic!("expected a run that finishes, found {self:?}"),
        }
        self.result.unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// Returns the error message for the owner of a failed run.
    ///
    /// # Panics
    ///
    /// Panics with the transcript and the traceback if the run did not fail, or panicked.
    #[track_caller]
    pub fn expect_failed(&self) -> &str {
        match self.ending() {
            Ending::Failed(message) if !self.panicked => message,
            _ => panic!("expected a run that fails, found {self:?}"),
        }
    }

    /// Asserts that the run ended as cancelled.
    ///
    /// # Panics
    ///
    /// Panics with the transcript and the traceback if the run did not end as cancelled.
    #[track_caller]
    pub fn expect_cancelled(&self) {
        let is_cancelled = matches!(self.ending(), Ending::Cancelled);
        assert!(is_cancelled, "expected a run that is cancelled, found {self:?}");
    }
}

impl<Op: Run> fmt::Debug for Recording<Op> {
    /// Writes the transcript and the traceback.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traceback = self.traceback().unwrap_or_default();
        write!(f, "{}:\n{}{traceback}", Op::OP_TYPE, self.transcript())
    }
}
