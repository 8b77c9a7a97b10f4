//! One attempt at one operation, from its claim to its end.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    active_runs::{Listed, LiveRun},
    outcome::{Outcome, Teller},
};
use crate::{
    channel::ListChange,
    error::RunResult,
    event::{Ending, Event, Level, LogLine},
    language::{Language, Text},
    metrics::{
        Counted, attempt_began, attempt_handed_back, attempt_ran, attempt_retried, lease_lost,
        operation_came_to, operation_enqueued, place_used,
    },
    operation::{Attempt, NewOperation, OperationId},
    progress::{Flusher, Report, Sink, StageOutputs},
    projection::Projection,
    publish::{Observers, RunSinks},
    render::Subject,
    runner::{WakeUp, engine::Engine},
    span,
    store::{self, Conclusion, Failure, Model, RETRY_AFTER, StoreError},
};

/// How often a database that fails is asked again when the process shuts down.
const LAST_TRIES: u32 = 5;

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

/// What became of a run that failed and may be attempted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// It waits for its next attempt.
    Waits,
    /// It was not this attempt's to put back, or shall be cancelled: then this was the end.
    Refused,
    /// The database did not say, and the process stops. The lease will run out.
    Unknown,
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

    fn op_type(&self) -> &'static str {
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

    /// Puts the operation back into the queue, and shows that it waits.
    async fn hand_back(&self) {
        self.stage_outputs.settled().await;
        let mut patience = Patience::new(&self.engine);
        loop {
            match self.engine.store.hand_back(self.id, self.attempt).await {
                Ok(Some(row)) => {
                    attempt_handed_back(self.op_type());
                    tracing::info!("handed back to the queue");
                    self.engine.publisher.publish_row(&row).await;
                    return self.engine.wake_workers(WakeUp::of(&row)).await;
                }
                Ok(None) => {
                    lease_lost(self.op_type());
                    return tracing::warn!("somebody else has taken this run over");
                }
                Err(error) => {
                    if !patience.is_left_after(&error).await {
                        return;
                    }
                }
            }
        }
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

    /// How long to wait for another attempt after this outcome, if there is to be one.
    fn wait_after(&self, outcome: &Outcome) -> Option<Duration> {
        let attempts = self.row.attempts();
        let is_left = attempts.number < attempts.max && !outcome.is_final;
        is_left.then(|| self.row.backoff().wait(attempts.number))
    }

    /// Puts the operation back into the queue for another attempt, and shows that it waits for it.
    async fn retry(
        &self,
        message: &str,
        traceback: Option<String>,
        wait: Duration,
        retry_on: DateTime<Utc>,
    ) -> Retry {
        let attempts = self.row.attempts();
        let (number, max) = (attempts.number, attempts.max);
        let failed = Event::Log(LogLine {
            at: Utc::now(),
            level: Level::Warning,
            text: self.language.say_with(
                Text::AttemptFailed,
                [
                    ("number", number.into()),
                    ("max", max.into()),
                    ("wait", self.language.duration(wait).into()),
                    ("message", message.into()),
                ],
            ),
        });
        // What the run has to say besides is still to be shown if this is refused.
        let mut projection = self.report().projection();
        projection.apply(failed.clone());
        let retry_on = store::later(retry_on, self.observers.head_start());
        let mut patience = Patience::new(&self.engine);
        loop {
            let traceback = traceback.clone();
            let failure = Failure { message, traceback, projection: &projection, retry_on };
            match self.engine.store.retry(self.id, self.attempt, failure).await {
                Ok(Some(row)) => {
                    attempt_retried(self.op_type());
                    tracing::warn!(number, max, ?wait, "failed, and will be tried again");
                    self.report().event(failed);
                    self.engine.publisher.publish_row(&row).await;
                    return Retry::Waits;
                }
                Ok(None) => return Retry::Refused,
                Err(error) => {
                    if !patience.is_left_after(&error).await {
                        return Retry::Unknown;
                    }
                }
            }
        }
    }

    /// The next operation of an observed run is claimed by this process at once, so that its observer sees it too.
    fn claimed(&self, next: NewOperation) -> NewOperation {
        let is_observed = !self.observers.is_empty();
        NewOperation { claimed_by: is_observed.then(|| self.engine.claimant()), ..next }
    }

    fn check_registered(&self, next: &NewOperation) -> RunResult<()> {
        match self.engine.registry.find(next.op_type) {
            Some(_) => Ok(()),
            None => Err(format!("chained to `{}`, which is not registered", next.op_type).into()),
        }
    }

    /// Commits the ending, then shows it.
    async fn conclude(&self, outcome: Outcome, mut sinks: RunSinks) -> After {
        let chain = self.report().take_chain();
        let (outcome, next) =
            outcome.with_next(&self.teller(), chain, |next| self.check_registered(next));
        let next = next.map(|next| self.claimed(next));
        let shown = next
            .as_ref()
            .and_then(|next| self.engine.presenter.next(&self.row, next.op_type, next.id));
        if let Some(next) = shown {
            self.report().event(Event::HandedOver(next));
        }
        self.report().event(Event::Ended(outcome.ending.clone()));
        let (mut projection, changes) = self.report().take();
        let Some(row) = self.commit(&outcome, &projection, next.clone()).await else {
            return After::Nothing;
        };
        operation_came_to(self.op_type(), row.state());
        tracing::info!(state = %row.state(), "ended");
        // Known only now: one that counts as the same may have been there already.
        let chained_to = row.chained_to.map(OperationId::from);
        if let Some(next) = next.as_ref().filter(|next| chained_to == Some(next.id)) {
            operation_enqueued(next.op_type);
            let _enqueue = span::enqueue(next.op_type, next.id).entered();
            tracing::debug!(chained_from = %self.id, "enqueued");
        }
        let next = chained_to.zip(next);
        let wake_up = next.as_ref().map(|(id, next)| WakeUp::new(*id, &next.queue));
        let next = next.map(|(id, next)| (id, next.op_type));
        projection.next =
            next.and_then(|(id, op_type)| self.engine.presenter.next(&self.row, op_type, id));

        sinks.show(&projection, changes).await;
        self.engine
            .publisher
            .signal(&mut sinks.channel, &projection, self.engine.presenter.finished(&row))
            .await;
        let chained =
            next.and_then(|(id, op_type)| self.engine.presenter.chained(&self.row, op_type, id));
        if let Some(chained) = chained {
            self.engine.publisher.signal(&mut sinks.channel, &projection, chained).await;
        }
        self.engine.publisher.announce(&row.owner_id(), ListChange::Rows).await;
        if next.is_some() {
            self.engine.wake_workers(wake_up).await;
        }
        next.map_or(After::Nothing, |(id, _)| After::Next(id))
    }

    /// Commits the ending; `None` when it was not this attempt's to commit.
    ///
    /// A database that fails is asked again and again: the lease is kept meanwhile, and where the
    /// database does not let it be kept, it does not let anybody else take it either.
    async fn commit(
        &self,
        outcome: &Outcome,
        projection: &Projection,
        next: Option<NewOperation>,
    ) -> Option<Model> {
        let mut patience = Patience::new(&self.engine);
        loop {
            let conclusion = Conclusion {
                ending: &outcome.ending,
                traceback: outcome.traceback.clone(),
                projection,
                kind: &self.listed.kind,
            };
            let store = &self.engine.store;
            let concluded = store.conclude(self.id, self.attempt, conclusion, next.clone()).await;
            let error = match concluded {
                Ok(Some(row)) => return Some(row),
                Ok(None) => match self.committed().await {
                    Ok(row) => return row,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !patience.is_left_after(&error).await {
                return None;
            }
        }
    }

    /// The row, if it was this attempt that ended it: by a commit whose answer got lost.
    async fn committed(&self) -> Result<Option<Model>, StoreError> {
        let row = self.engine.store.find(self.id).await?;
        let is_ours = |row: &Model| row.state().is_terminal() && row.attempt == self.row.attempt;
        let row = row.filter(is_ours);
        if row.is_none() {
            lease_lost(self.op_type());
            tracing::warn!("somebody else ended this run");
        }
        Ok(row)
    }
}

/// How long a database that fails is asked again: for as long as the process is not to stop.
struct Patience<'a> {
    engine: &'a Engine,
    tries_left: u32,
}

impl<'a> Patience<'a> {
    fn new(engine: &'a Engine) -> Self {
        Self { engine, tries_left: LAST_TRIES }
    }

    /// Waits until it is time to ask again; `false` when it is not worth it any more.
    async fn is_left_after(&mut self, error: &StoreError) -> bool {
        if self.engine.running.stop.is_cancelled() {
            self.tries_left -= 1;
        }
        if self.tries_left == 0 {
            tracing::error!(error = error as &dyn std::error::Error, "gave up");
            return false;
        }
        tracing::error!(error = error as &dyn std::error::Error, "will try again");
        time::sleep(RETRY_AFTER).await;
        true
    }
}
