//! One attempt at one operation, from its claim to its ending.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    active_runs::{ActiveRun, ActiveRunGuard},
    next_attempt::ScheduleOutcome,
    outcome::{Outcome, OutcomeMessages},
};
use crate::{
    channel::ListChange,
    event::{Ending, Event},
    language::Language,
    metrics::{GaugeGuard, attempt_began, attempt_ran, lease_lost, worker_slot_used},
    operation::{Attempt, OperationId},
    progress::{Flusher, Report, StageOutputs},
    publish::{Observers, RunSinks},
    render::Subject,
    runner::engine::Engine,
    span,
    store::{self, Model},
};

/// An attempt in execution.
pub(in crate::runner) struct RunningAttempt {
    pub(in crate::runner) engine: Arc<Engine>,
    pub(in crate::runner) row: Model,
    pub(in crate::runner) id: OperationId,
    pub(in crate::runner) attempt: Attempt,
    /// The language of the operation's owner.
    pub(in crate::runner) language: Language,
    pub(in crate::runner) active: ActiveRunGuard,
    pub(in crate::runner) stage_outputs: Arc<StageOutputs>,
    pub(in crate::runner) observers: Observers,
    _slot: GaugeGuard,
}

/// The reason that a run was stopped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum StopReason {
    /// Another worker owns the row, or may own it because this process could not renew the lease. Later
    /// reports of this run are discarded.
    Lost,
    /// The process shuts down. The operation goes back into the queue.
    ShuttingDown,
    /// The run took longer than its timeout.
    TimedOut,
    /// The run did not stop in time after a cancel request, or its observer aborted it.
    Aborted,
}

/// The step that follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum NextStep {
    Done,
    /// Another operation takes over.
    Chained(OperationId),
    /// Another attempt follows, at this time at the earliest.
    NextAttempt(DateTime<Utc>),
}

impl RunningAttempt {
    /// Begins the attempt that `row` was claimed for. Returns `None` if the operation's type is not
    /// registered.
    pub(in crate::runner) fn begin(engine: Arc<Engine>, row: Model) -> Option<Self> {
        Self::begin_observed(engine, row, Observers::default())
    }

    /// Begins the attempt as [`begin`](Self::begin) does, with observers in this process.
    pub(in crate::runner) fn begin_observed(
        engine: Arc<Engine>,
        row: Model,
        observers: Observers,
    ) -> Option<Self> {
        let Some(operation) = engine.registry.find(&row.op_type) else {
            let (op_type, id) = (&row.op_type, row.operation_id());
            tracing::error!(op_type, %id, "claimed an unregistered operation type; not running it");
            return None;
        };
        let kind = operation.kind;
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        let _claim = span::claim(kind.op_type, id, attempt).entered();
        // The clock of another machine may be ahead of this one.
        let waited = (Utc::now() - row.due_on).to_std().unwrap_or_default();
        tracing::debug!(?waited, worker = row.worker, "claimed the operation");
        attempt_began(kind.op_type, waited);
        let report = Arc::new(observers.report(row.continued(&kind)));
        report.event(Event::Started);
        if row.cancel_requested {
            report.cancel();
        }
        let live = ActiveRun::new(attempt, kind, report);
        let active = engine.active_runs.register(id, live);
        let stage_outputs = Arc::new(StageOutputs::of_row(engine.store.clone(), &row));
        let language = engine.presenter.language(&row);
        let _slot = worker_slot_used();
        Some(Self { engine, row, id, attempt, language, active, stage_outputs, observers, _slot })
    }

    /// Executes the attempt to its end.
    ///
    /// The only method that commits the ending of a run. The ending is published after the commit, so a
    /// client that reads the row in between sees the committed state.
    pub(in crate::runner) async fn run_to_completion(self) -> NextStep {
        let span = span::run(self.op_type(), self.id, self.attempt);
        self.execute().instrument(span).await
    }

    pub(super) fn op_type(&self) -> &'static str {
        self.active.kind.op_type
    }

    /// Returns the builder of messages about this run, in the owner's language.
    pub(in crate::runner) fn messages(&self) -> OutcomeMessages {
        OutcomeMessages { id: self.id, language: self.language.clone() }
    }

    pub(in crate::runner) fn report(&self) -> &Arc<Report> {
        &self.active.report
    }

    async fn execute(self) -> NextStep {
        let stop_flushing = CancellationToken::new();
        // Stops the flusher also when this future is dropped, as in an eager run whose caller is
        // dropped.
        let _stop_flushing = stop_flushing.clone().drop_guard();
        let flusher = self.spawn_flusher(stop_flushing.clone());
        self.engine.publisher.announce(&self.row.owner_id(), ListChange::Rows).await;

        let begun = Instant::now();
        let outcome = if self.row.cancel_requested {
            // Requested during an earlier run, which was handed back before it received the request.
            Ok(Outcome::cancelled())
        } else {
            self.supervise().await
        };
        attempt_ran(self.op_type(), begun.elapsed());

        stop_flushing.cancel();
        let mut sinks = flusher.await.unwrap_or_else(|error| {
            tracing::error!(%error, "flusher panicked; publishing the ending without it");
            self.sinks()
        });
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(StopReason::TimedOut) => {
                Outcome::timed_out(&self.messages(), self.row.timeout().unwrap_or_default())
            }
            Err(StopReason::Aborted) => Outcome::cancelled(),
            // Another worker would only start a run that is to be cancelled.
            Err(StopReason::ShuttingDown) if self.report().projection().cancel_requested => {
                Outcome::cancelled()
            }
            Err(StopReason::ShuttingDown) => {
                self.hand_back().await;
                sinks.show_observer(self.report()).await;
                return NextStep::Done;
            }
            Err(StopReason::Lost) => {
                lease_lost(self.op_type());
                tracing::warn!("lost the lease; discarding the later reports of this run");
                return NextStep::Done;
            }
        };
        self.apply_outcome(outcome, sinks).await
    }

    fn sinks(&self) -> RunSinks {
        let live = self.engine.publisher.sink(self.active.kind, &self.row);
        let subject = Subject { kind: self.active.kind, id: self.id };
        self.observers.sinks(live, subject, self.row.attempts(), self.report())
    }

    fn spawn_flusher(&self, stop: CancellationToken) -> JoinHandle<RunSinks> {
        let throttle_hz = self.engine.config.throttle_hz;
        let flusher = Flusher::new(self.report().clone(), self.sinks(), throttle_hz);
        tokio::spawn(flusher.run(stop).in_current_span())
    }

    /// Schedules another attempt if the outcome allows one, and ends the operation otherwise.
    async fn apply_outcome(&self, outcome: Outcome, mut sinks: RunSinks) -> NextStep {
        if let (Ending::Failed(message), Some(wait)) =
            (&outcome.ending, self.next_attempt_wait(&outcome))
        {
            let next_attempt_on = store::later(Utc::now(), wait);
            match self
                .schedule_next_attempt(message, outcome.traceback.clone(), wait, next_attempt_on)
                .await
            {
                ScheduleOutcome::Scheduled => {
                    sinks.show_observer(self.report()).await;
                    return NextStep::NextAttempt(next_attempt_on);
                }
                ScheduleOutcome::Unknown => return NextStep::Done,
                ScheduleOutcome::Refused => {}
            }
        }
        self.finish(outcome, sinks).await
    }
}
