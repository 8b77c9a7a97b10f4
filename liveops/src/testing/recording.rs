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

/// What an operation reported, and how it ended.
///
/// Of one attempt: the ending is that of a last one. [`has_next_attempt`](Self::has_next_attempt) tells whether
/// another would follow.
#[non_exhaustive]
pub struct Recording<Op: Run> {
    /// What `run` returned.
    ///
    /// Of a run that panicked, or that was stopped before it returned anything, an error that says so.
    pub result: RunResult<Op::Output>,
    /// Every event, in order; every move of the bar among them, also those that no page would show.
    pub(crate) events: Vec<Event>,
    /// What the events add up to: what a page would show in the end.
    pub(crate) projection: Projection,
    pub(super) outcome: Outcome,
    pub(super) next: Option<NewOperation>,
    pub(super) panicked: bool,
    /// The positions of the events that a panic caused on its way.
    pub(super) while_panicking: Vec<usize>,
    /// What durable stages had saved in the end, in this run and before it, as JSON by label.
    pub(super) saved: HashMap<String, String>,
    pub(super) context: Arc<RunContext>,
}

impl<Op: Run> Recording<Op> {
    /// The texts of the status line, in order.
    pub fn statuses(&self) -> Vec<&str> {
        self.status_lines().into_iter().map(|status| &*status.text).collect()
    }

    /// What the status line was, with its levels, in order.
    pub fn status_lines(&self) -> Vec<&Status> {
        self.pick(|event| match event {
            Event::Status(status) => Some(status),
            _ => None,
        })
    }

    /// The texts of the log, in order.
    pub fn log(&self) -> Vec<&str> {
        self.log_lines().into_iter().map(|line| line.text.as_str()).collect()
    }

    /// The lines of the log, with their levels and times, in order.
    pub fn log_lines(&self) -> Vec<&LogLine> {
        self.pick(|event| match event {
            Event::Log(line) => Some(line),
            _ => None,
        })
    }

    /// Where the bar stood each time it moved.
    pub fn bars(&self) -> Vec<&Bar> {
        self.pick(|event| match event {
            Event::Bar(Some(bar)) => Some(bar),
            _ => None,
        })
    }

    /// Where the bar stood each time it moved, from 0 to 100; bars of an unknown total left out.
    pub fn percents(&self) -> Vec<f64> {
        let bars = self.bars().into_iter();
        bars.filter_map(Bar::fraction).map(|fraction| fraction * 100.0).collect()
    }

    /// Every stage that was entered, in order, and how it was left.
    pub fn stages(&self) -> Vec<(Op::Stage, StageOutcome)> {
        let entered = self.stage_events().filter(|(_, _, state)| *state == StageState::Active);
        let left = |(entered_at, entered, _)| {
            let mut later = self.stage_events().skip_while(|(at, ..)| *at <= entered_at);
            let end = later.find(|(_, index, _)| *index == entered);
            let outcome = end.map(|(at, _, state)| self.outcome_at(at, state));
            let stage = <Op::Stage as Stage>::ALL[entered];
            (stage, outcome.unwrap_or(StageOutcome::Unfinished))
        };
        entered.map(left).collect()
    }

    /// The position of each event about a stage, the stage's, and its state since.
    fn stage_events(&self) -> impl Iterator<Item = (usize, usize, StageState)> {
        self.events.iter().enumerate().filter_map(|(at, event)| match event {
            Event::Stage { index, state, .. } => Some((at, *index, *state)),
            _ => None,
        })
    }

    /// What a state is that a stage got with the event at this position.
    pub(super) fn outcome_at(&self, at: usize, state: StageState) -> StageOutcome {
        if state == StageState::Failed && self.while_panicking.contains(&at) {
            StageOutcome::Panicked
        } else {
            StageOutcome::of(state)
        }
    }

    /// What was put into a custom region in the place of what was there, in order, as HTML.
    pub fn swaps(&self, region: &str) -> Vec<&str> {
        self.pick(|event| match event {
            Event::Swap { region: name, html } if name.as_str() == region => Some(&**html),
            _ => None,
        })
    }

    /// What was added to a custom region, in order, as HTML.
    pub fn appends(&self, region: &str) -> Vec<&str> {
        self.pick(|event| match event {
            Event::Append { region: name, html } if name.as_str() == region => Some(&**html),
            _ => None,
        })
    }

    fn pick<'a, T>(&'a self, pick: impl FnMut(&'a Event) -> Option<T>) -> Vec<T> {
        self.events.iter().filter_map(pick).collect()
    }

    /// Where the browser goes when the operation has finished.
    pub fn redirect(&self) -> Option<&str> {
        self.projection.success_url.as_deref()
    }

    /// The operation that this one hands over to: `None` if there is none, if it is of another type,
    /// or if this one did not finish.
    ///
    /// # Panics
    ///
    /// When the operation does not read back from its JSON.
    #[track_caller]
    pub fn chained<Next: Run>(&self) -> Option<Next> {
        let next = self.next().filter(|next| next.op_type == Next::OP_TYPE)?;
        Some(Next::deserialize(&next.input).expect("an operation reads back from its JSON"))
    }

    /// What would be enqueued for the operation that this one hands over to.
    pub fn next(&self) -> Option<&NewOperation> {
        self.next.as_ref()
    }

    /// How the attempt ended, with the output as JSON and the error as its owner reads it.
    pub fn ending(&self) -> &Ending {
        &self.outcome.ending
    }

    /// What staff read of a run that failed: the error with its causes, or the panic with its place.
    pub fn traceback(&self) -> Option<&str> {
        self.outcome.traceback.as_deref()
    }

    /// Whether the run ended with a panic.
    pub fn panicked(&self) -> bool {
        self.panicked
    }

    /// Whether another attempt would follow: the run failed, its error is not
    /// [final](crate::RunError::without_next_attempt), and
    /// [`max_attempts`](crate::operation::keys::max_attempts) allows for one more.
    pub fn has_next_attempt(&self) -> bool {
        let Attempt(number) = self.context.attempt;
        let is_left = number < Op::POLICY.max_attempts;
        matches!(self.ending(), Ending::Failed(_)) && is_left && !self.outcome.is_final
    }

    /// What a durable stage had saved in the end, in this attempt or before it; `None` for nothing.
    ///
    /// # Panics
    ///
    /// When it is no `T`.
    #[track_caller]
    pub fn saved<T: Storable>(&self, stage: Op::Stage) -> Option<T> {
        let json = self.saved.get(stage.name())?;
        let saved = serde_json::from_str(json);
        Some(saved.unwrap_or_else(|error| panic!("{stage} saved {json}: {error}")))
    }

    /// What the run gives.
    ///
    /// # Panics
    ///
    /// With everything that is known of the run, when it did not finish.
    #[track_caller]
    pub fn expect_finished(self) -> Op::Output {
        match (self.ending(), &self.result) {
            (Ending::Finished(_), Ok(_)) => {}
            _ => panic!("expected a run that finishes, found {self:?}"),
        }
        self.result.unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// What its owner reads of a run that failed.
    ///
    /// # Panics
    ///
    /// With everything that is known of the run, when it did not fail, or panicked.
    #[track_caller]
    pub fn expect_failed(&self) -> &str {
        match self.ending() {
            Ending::Failed(message) if !self.panicked => message,
            _ => panic!("expected a run that fails, found {self:?}"),
        }
    }

    /// Checks that the run ended because it was asked to.
    ///
    /// # Panics
    ///
    /// With everything that is known of the run, when it did not.
    #[track_caller]
    pub fn expect_cancelled(&self) {
        let is_cancelled = matches!(self.ending(), Ending::Cancelled);
        assert!(is_cancelled, "expected a run that is cancelled, found {self:?}");
    }
}

impl<Op: Run> fmt::Debug for Recording<Op> {
    /// The transcript, and what went wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traceback = self.traceback().unwrap_or_default();
        write!(f, "{}:\n{}{traceback}", Op::OP_TYPE, self.transcript())
    }
}
