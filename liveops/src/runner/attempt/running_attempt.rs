//! One attempt at one operation, from its claim to its ending.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    active_runs::{ActiveRun, ActiveRunGuard},
    database_backoff::DatabaseBackoff,
    execution::Executor,
    next_attempt::ScheduleOutcome,
    outcome::{Outcome, OutcomeMessages},
};
use crate::{
    event::{Ending, Event},
    language::Language,
    metrics::{
        GaugeGuard, attempt_began, attempt_ran, lease_lost, run_left_executing, worker_slot_used,
    },
    operation::{Attempt, OperationId},
    progress::{Flusher, Report, StageOutputs},
    projection::{LogQueue, LogSize},
    publish::{Observers, RunSinks},
    render::Subject,
    runner::engine::Engine,
    span,
    store::{self, LogExtent, Model, Store},
};

/// An attempt in execution.
pub(in crate::runner) struct RunningAttempt {
    pub(in crate::runner) engine: Arc<Engine>,
    pub(in crate::runner) row: Model,
    pub(in crate::runner) id: OperationId,
    pub(in crate::runner) attempt: Attempt,
    /// The language of the operation's owner.
    pub(in crate::runner) language: Language,
    pub(in crate::runner) active: Arc<ActiveRunGuard>,
    pub(in crate::runner) stage_outputs: Arc<StageOutputs>,
    pub(in crate::runner) observers: Observers,
    pub(in crate::runner) executor: Executor,
    _slot: GaugeGuard,
}

/// The reason that a run was stopped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum StopReason {
    /// Another worker owns the row, or may own it because this process could not renew the lease. Later
    /// reports of this run are discarded.
    Lost,
    /// The process shuts down. The operation goes back into the queue or ends, as its type says.
    ShuttingDown,
    /// The run took longer than its timeout.
    TimedOut,
    /// The run did not stop in time after a cancel request, or its observer aborted it.
    Aborted,
}

/// A run that was stopped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) struct Stopped {
    pub(in crate::runner) reason: StopReason,
    /// `true` if the thread of the run or one of its closures did not stop in time and still executes.
    pub(in crate::runner) still_executes: bool,
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
    /// registered, or if the input has a version that this process cannot read.
    pub(in crate::runner) fn begin(
        engine: Arc<Engine>,
        row: Model,
        executor: Executor,
    ) -> Option<Self> {
        Self::begin_observed(engine, row, executor, Observers::default())
    }

    /// Begins the attempt as [`begin`](Self::begin) does, with observers in this process.
    pub(in crate::runner) fn begin_observed(
        engine: Arc<Engine>,
        row: Model,
        executor: Executor,
        observers: Observers,
    ) -> Option<Self> {
        let Some(operation) = engine.registry.find_readable(&row) else {
            let (op_type, id, version) = (&row.op_type, row.operation_id(), row.payload_version);
            tracing::error!(
                op_type,
                %id,
                version,
                "claimed an operation whose type or version is unknown here; not running it"
            );
            return None;
        };
        let kind = operation.kind;
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        let _claim = span::claim(kind.op_type, id, attempt).entered();
        // The clock of another machine may be ahead of this one.
        let waited = (Utc::now() - row.due_on).to_std().unwrap_or_default();
        tracing::debug!(?waited, worker = row.worker, "claimed the operation");
        attempt_began(kind.op_type, waited);
        let report = Arc::new(observers.report(row.begun(&kind)));
        report.event(Event::Started);
        if row.cancel_requested {
            report.cancel();
        }
        let live = ActiveRun::new(attempt, kind, report, row.owner_id(), row.language.clone());
        let active = engine.active_runs.register(id, live);
        let stage_outputs = Arc::new(StageOutputs::of_row(engine.store.clone(), &row));
        let language = engine.presenter.language(&row);
        let _slot = worker_slot_used();
        Some(Self {
            engine,
            row,
            id,
            attempt,
            language,
            active,
            stage_outputs,
            observers,
            executor,
            _slot,
        })
    }

    /// Executes the attempt to its end.
    ///
    /// The only method that commits the ending of a run. The ending is published after the commit, so a
    /// client that reads the row in between sees the committed state.
    pub(in crate::runner) async fn run_to_completion(self) -> NextStep {
        let span = span::run(self.op_type(), self.id, self.attempt);
        let active = self.active.clone();
        let next_step = self.execute().instrument(span).await;
        // A run whose code still executes has the registration, too.
        active.deregister();
        next_step
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
        if !self.continue_log().await {
            return NextStep::Done;
        }
        let stop_flushing = CancellationToken::new();
        // Stops the flusher also when this future is dropped, as in an eager run whose caller is
        // dropped.
        let _stop_flushing = stop_flushing.clone().drop_guard();
        let flusher = self.spawn_flusher(stop_flushing.clone());
        self.engine.publisher.announce_row(&self.row).await;

        let begun = Instant::now();
        let outcome = if self.row.cancel_requested {
            // Requested during an earlier run, which was handed back before it received the request.
            Ok(Outcome::cancelled())
        } else {
            self.supervise().await
        };
        self.active.mark_over();
        attempt_ran(self.op_type(), begun.elapsed());
        // The fence would refuse a save that is still in progress when the attempt ends.
        self.stage_outputs.settled().await;

        stop_flushing.cancel();
        let mut sinks = flusher.await.unwrap_or_else(|error| {
            tracing::error!(%error, "flusher panicked; publishing the ending without it");
            self.sinks()
        });
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Stopped { reason, still_executes }) => {
                let outcome = match self.after_stop(reason, &mut sinks).await {
                    Ok(outcome) => outcome,
                    Err(next_step) => return next_step,
                };
                if still_executes { self.still_executing(outcome) } else { outcome }
            }
        };
        self.apply_outcome(outcome, sinks).await
    }

    /// Continues the log of the earlier attempts. Returns `false` if the database gave no answer before the shutdown.
    async fn continue_log(&self) -> bool {
        let limits = self.engine.log_limits();
        if self.attempt <= Attempt(1) {
            let tail = self.report().read(|run| run.log.clone());
            self.report().continue_log(tail, LogQueue::new(limits, 0, LogSize::default()));
            return true;
        }
        let mut backoff = DatabaseBackoff::new(&self.engine);
        loop {
            let read = |store: Store| async move { store.log_extent(&self.row).await };
            match backoff.write("read the log of a run", read).await {
                Ok(LogExtent { tail, next, stored }) => {
                    self.report().continue_log(tail, LogQueue::new(limits, next, stored));
                    return true;
                }
                Err(error) => {
                    if !backoff.wait_before_retry(&error).await {
                        return false;
                    }
                }
            }
        }
    }

    /// Returns the outcome of a run that was stopped, or the next step after a run without an outcome.
    async fn after_stop(
        &self,
        reason: StopReason,
        sinks: &mut RunSinks,
    ) -> Result<Outcome, NextStep> {
        match reason {
            StopReason::TimedOut => {
                let timeout = self.row.timeout().unwrap_or_default();
                Ok(Outcome::timed_out(&self.messages(), timeout))
            }
            StopReason::Aborted => Ok(Outcome::cancelled()),
            // Another worker would only start a run that is to be cancelled.
            StopReason::ShuttingDown if self.report().projection().cancel_requested => {
                Ok(Outcome::cancelled())
            }
            StopReason::ShuttingDown if self.may_be_handed_back() => {
                self.hand_back().await;
                sinks.show_observer(self.report()).await;
                Err(NextStep::Done)
            }
            StopReason::ShuttingDown => Ok(Outcome::interrupted(&self.messages())),
            StopReason::Lost => {
                lease_lost(self.op_type());
                tracing::warn!("lost the lease; discarding the later reports of this run");
                Err(NextStep::Done)
            }
        }
    }

    /// Returns the outcome of a stopped run whose code still executes: no other attempt may begin, and the
    /// page says so.
    fn still_executing(&self, outcome: Outcome) -> Outcome {
        tracing::warn!(
            op_type = self.op_type(),
            id = %self.id,
            attempt = %self.attempt,
            "run did not stop within {:?}; ending the operation while its code still executes",
            self.engine.config.stop_timeout
        );
        run_left_executing(self.op_type());
        outcome.of_executing_run(&self.messages())
    }

    fn sinks(&self) -> RunSinks {
        let live = self.engine.publisher.sink(self.active.kind, &self.row);
        let subject = Subject { kind: self.active.kind, id: self.id };
        self.observers.sinks(live, subject, self.row.attempts(), self.report())
    }

    fn spawn_flusher(&self, stop: CancellationToken) -> JoinHandle<RunSinks> {
        let throttle_hz = self.engine.config.throttle_hz;
        let pace = self.engine.flush_pace.clone();
        let flusher = Flusher::new(self.report().clone(), self.sinks(), throttle_hz, pace);
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
