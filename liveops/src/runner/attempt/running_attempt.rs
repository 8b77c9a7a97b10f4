//! One attempt at one operation, from its claim to its end.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    active_runs::{Listed, LiveRun},
    next_attempt::Retry,
    outcome::{Outcome, Teller},
};
use crate::{
    channel::ListChange,
    event::{Ending, Event},
    language::Language,
    metrics::{Counted, attempt_began, attempt_ran, lease_lost, place_used},
    operation::{Attempt, OperationId},
    progress::{Flusher, Report, StageOutputs},
    publish::{Observers, RunSinks},
    render::Subject,
    runner::engine::Engine,
    span,
    store::{self, Model},
};

/// An attempt that is being executed.
pub(in crate::runner) struct Run {
    pub(in crate::runner) engine: Arc<Engine>,
    pub(in crate::runner) row: Model,
    pub(in crate::runner) id: OperationId,
    pub(in crate::runner) attempt: Attempt,
    /// The language of whoever started the operation.
    pub(in crate::runner) language: Language,
    pub(in crate::runner) listed: Listed,
    pub(in crate::runner) stage_outputs: Arc<StageOutputs>,
    pub(in crate::runner) observers: Observers,
    _place: Counted,
}

/// Why a run was stopped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum Stopped {
    /// The row belongs to somebody else now: nothing this run says counts any more.
    Lost,
    /// The process shuts down: the operation goes back to the queue.
    ShuttingDown,
    /// It took longer than it may.
    TimedOut,
    /// It did not stop by itself when it was asked to.
    Aborted,
}

/// What is left to do when an attempt is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum After {
    Nothing,
    /// Another operation takes over.
    Next(OperationId),
    /// Another attempt is made, at this time at the earliest.
    Again(DateTime<Utc>),
}

impl Run {
    /// Begins the attempt that `row` was claimed for; `None` if nobody knows its type.
    pub(in crate::runner) fn begin(engine: Arc<Engine>, row: Model) -> Option<Self> {
        Self::begin_observed(engine, row, Observers::default())
    }

    /// The same, where somebody in this process looks on.
    pub(in crate::runner) fn begin_observed(
        engine: Arc<Engine>,
        row: Model,
        observers: Observers,
    ) -> Option<Self> {
        let Some(operation) = engine.registry.find(&row.op_type) else {
            tracing::error!(op_type = row.op_type, "claimed an operation that is not registered");
            return None;
        };
        let kind = operation.kind;
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        let _claim = span::claim(kind.op_type, id, attempt).entered();
        // Somebody else's clock may be ahead of this one.
        let waited = (Utc::now() - row.due_on).to_std().unwrap_or_default();
        tracing::debug!(?waited, worker = row.worker, "claimed");
        attempt_began(kind.op_type, waited);
        let report = Arc::new(observers.report(row.continued(&kind)));
        report.event(Event::Started);
        if row.cancel_requested {
            report.cancel();
        }
        let live = LiveRun { attempt, kind, report, lost: CancellationToken::new() };
        let listed = engine.running.enter(id, live);
        let stage_outputs = Arc::new(StageOutputs::of_row(engine.store.clone(), &row));
        let language = engine.presenter.language(&row);
        let _place = place_used();
        Some(Self { engine, row, id, attempt, language, listed, stage_outputs, observers, _place })
    }

    /// Executes the attempt.
    ///
    /// The only place where a run's ending is committed, and published only after that: whoever
    /// looks in between sees what was committed.
    pub(in crate::runner) async fn until_its_end(self) -> After {
        let span = span::run(self.op_type(), self.id, self.attempt);
        self.execute().instrument(span).await
    }

    pub(super) fn op_type(&self) -> &'static str {
        self.listed.kind.op_type
    }

    /// What says in its owner's words how this run ended.
    pub(in crate::runner) fn teller(&self) -> Teller {
        Teller { id: self.id, language: self.language.clone() }
    }

    pub(in crate::runner) fn report(&self) -> &Arc<Report> {
        &self.listed.report
    }

    async fn execute(self) -> After {
        let stop_flushing = CancellationToken::new();
        // Also when this future is dropped, with whoever waits for an eager run.
        let _stop_flushing = stop_flushing.clone().drop_guard();
        let flusher = self.spawn_flusher(stop_flushing.clone());
        self.engine.publisher.announce(&self.row.owner_id(), ListChange::Rows).await;

        let begun = Instant::now();
        let outcome = if self.row.cancel_requested {
            // Asked of a run before this one, which was handed back before it heard of it.
            Ok(Outcome::cancelled())
        } else {
            self.supervise().await
        };
        attempt_ran(self.op_type(), begun.elapsed());

        stop_flushing.cancel();
        let mut sinks = flusher.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the flusher died; the ending is shown without it");
            self.sinks()
        });
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(Stopped::TimedOut) => {
                Outcome::timed_out(&self.teller(), self.row.timeout().unwrap_or_default())
            }
            Err(Stopped::Aborted) => Outcome::cancelled(),
            // Whoever took it up next would only begin what nobody wants any more.
            Err(Stopped::ShuttingDown) if self.report().projection().cancel_requested => {
                Outcome::cancelled()
            }
            Err(Stopped::ShuttingDown) => {
                self.hand_back().await;
                sinks.show_observer(self.report()).await;
                return After::Nothing;
            }
            Err(Stopped::Lost) => {
                lease_lost(self.op_type());
                tracing::warn!("lost the lease; what this run did since is not shown");
                return After::Nothing;
            }
        };
        self.come_to(outcome, sinks).await
    }

    fn sinks(&self) -> RunSinks {
        let live = self.engine.publisher.sink(self.listed.kind, &self.row);
        let subject = Subject { kind: self.listed.kind, id: self.id };
        self.observers.sinks(live, subject, self.row.attempts(), self.report())
    }

    fn spawn_flusher(&self, stop: CancellationToken) -> JoinHandle<RunSinks> {
        let throttle_hz = self.engine.config.throttle_hz;
        let flusher = Flusher::new(self.report().clone(), self.sinks(), throttle_hz);
        tokio::spawn(flusher.run(stop).in_current_span())
    }

    /// Makes of an outcome what it is for the operation: another attempt, or its end.
    async fn come_to(&self, outcome: Outcome, mut sinks: RunSinks) -> After {
        if let (Ending::Failed(message), Some(wait)) = (&outcome.ending, self.wait_after(&outcome))
        {
            let retry_on = store::later(Utc::now(), wait);
            match self.retry(message, outcome.traceback.clone(), wait, retry_on).await {
                Retry::Waits => {
                    sinks.show_observer(self.report()).await;
                    return After::Again(retry_on);
                }
                Retry::Unknown => return After::Nothing,
                Retry::Refused => {}
            }
        }
        self.conclude(outcome, sinks).await
    }
}
