//! One attempt of one operation, from its claim to its end.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{RegisteredOperation, engine::Engine, outcome::Outcome};
use crate::{
    channel::{ListChange, RowProgress},
    error::RunResult,
    event::{Ending, Event},
    operation::{Attempt, NewOperation, OperationId},
    progress::{Chain, Facts, Flusher, LiveSink, Report, Sink},
    projection::Projection,
    store::{Conclusion, Model},
};

/// How far apart the saves are that stages which change ask for: a run that goes in and out of
/// stages in a tight loop must not write as often.
const SAVE_INTERVAL: Duration = Duration::from_millis(250);

/// How far apart the looks are that the lists with a run in them get of it.
const LIST_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before a database that failed is asked again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Runs the attempt that `row` was claimed for, and gives the operation it handed over to.
///
/// The only place where a run's ending is committed, and published only after that: whoever looks
/// in between sees what was committed.
pub(super) async fn execute(
    engine: &Engine,
    operation: &RegisteredOperation,
    row: Model,
) -> Option<OperationId> {
    let run = Run::begin(engine, operation, row);
    let span = tracing::info_span!(
        "operation", op_type = operation.kind.op_type, id = %run.id, attempt = %run.attempt
    );
    run.until_its_end().instrument(span).await
}

/// An attempt that is being executed.
struct Run<'a> {
    engine: &'a Engine,
    operation: &'a RegisteredOperation,
    row: Model,
    id: OperationId,
    attempt: Attempt,
    report: Arc<Report>,
}

/// Why a run was stopped before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// The row belongs to somebody else now: nothing this run says counts any more.
    Lost,
    /// The process shuts down: the operation goes back to the queue.
    ShuttingDown,
}

impl<'a> Run<'a> {
    fn begin(engine: &'a Engine, operation: &'a RegisteredOperation, row: Model) -> Self {
        let report = Arc::new(Report::new(Projection::new(operation.kind.stages.len())));
        report.event(Event::Started);
        let (id, attempt) = (row.operation_id(), row.attempt_number());
        Self { engine, operation, row, id, attempt, report }
    }

    async fn until_its_end(self) -> Option<OperationId> {
        let _listed = self.engine.running.enter(self.id, self.report.clone());
        if self.row.cancel_requested {
            self.report.cancel();
        }
        let stop_flushing = CancellationToken::new();
        let flusher = self.spawn_flusher(stop_flushing.clone());
        self.engine.announce(&self.row.owner_id(), ListChange::Rows).await;

        let outcome = self.supervise().await;

        stop_flushing.cancel();
        let sink = flusher.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the flusher died; the ending is shown without it");
            self.engine.sink(self.operation, &self.row)
        });
        match outcome {
            Ok(outcome) => self.conclude(outcome, sink).await,
            Err(Stopped::ShuttingDown) => {
                self.hand_back().await;
                None
            }
            Err(Stopped::Lost) => {
                tracing::warn!("lost the lease; what this run did since is not shown");
                None
            }
        }
    }

    fn spawn_flusher(&self, stop: CancellationToken) -> JoinHandle<LiveSink> {
        let sink = self.engine.sink(self.operation, &self.row);
        let flusher = Flusher::new(self.report.clone(), sink, self.engine.config.throttle_hz);
        tokio::spawn(flusher.run(stop))
    }

    /// Runs the operation in a task of its own, so that a panic ends nothing else, and keeps its
    /// row up to date meanwhile.
    async fn supervise(&self) -> Result<Outcome, Stopped> {
        let facts = Arc::new(Facts {
            id: self.id,
            owner: self.row.owner_id(),
            attempt: self.attempt,
            language: self.row.language.clone(),
            web: true,
        });
        let run = self.operation.run(self.row.input.clone(), self.report.clone(), facts);
        let mut task = AbortOnDrop(tokio::spawn(run.in_current_span()));
        let mut heartbeat = time::interval(self.engine.config.lease / 3);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.tick().await;
        let mut list_ticks = time::interval(LIST_INTERVAL);
        list_ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut listed = None;
        let mut save_on = Instant::now();
        let stopped = loop {
            let stopped = tokio::select! {
                joined = &mut task.0 => return Ok(Outcome::of(self.id, joined)),
                () = self.engine.running.stop.cancelled() => Err(Stopped::ShuttingDown),
                _ = list_ticks.tick() => {
                    self.announce_progress(&mut listed).await;
                    continue;
                }
                _ = heartbeat.tick() => Ok(()),
                () = self.stage_changed(save_on) => Ok(()),
            };
            // Not inside the select: a query that is dropped half-way takes its connection along.
            let saved = match stopped {
                Ok(()) => self.save().await,
                Err(stopped) => Err(stopped),
            };
            if let Err(stopped) = saved {
                break stopped;
            }
            save_on = Instant::now() + SAVE_INTERVAL;
        };
        // What comes next must not happen beside what the run still does.
        task.0.abort();
        match (&mut task.0).await {
            Err(error) if error.is_cancelled() => Err(stopped),
            // It ended before it could be stopped.
            joined => Ok(Outcome::of(self.id, joined)),
        }
    }

    /// Waits until a stage has changed, and not less than until `save_on`.
    async fn stage_changed(&self, save_on: Instant) {
        self.report.stage_changed.notified().await;
        time::sleep_until(save_on).await;
    }

    /// Tells the lists how far the run is, unless that is what they show.
    async fn announce_progress(&self, listed: &mut Option<Arc<str>>) {
        let row = self.engine.list_row(&self.row, Some(&self.report.projection()));
        let html: Arc<str> = self.engine.renderer.row_out_of_band(&row).into();
        if listed.as_ref() != Some(&html) {
            *listed = Some(html.clone());
            let progress = ListChange::Progress(RowProgress { id: self.id, html });
            self.engine.announce(&row.owner, progress).await;
        }
    }

    /// Saves where the run is, and hears whether it shall stop.
    async fn save(&self) -> Result<(), Stopped> {
        let projection = self.report.projection();
        let kind = &self.operation.kind;
        let lease = self.engine.config.lease;
        match self.engine.store.save(self.id, self.attempt, &projection, kind, lease).await {
            Ok(Some(saved)) => {
                if saved.cancel_requested {
                    self.report.cancel();
                }
                Ok(())
            }
            Ok(None) => Err(Stopped::Lost),
            // The next heartbeat tries again; a lease that runs out meanwhile is noticed then.
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "failed to save a run");
                Ok(())
            }
        }
    }

    /// Puts the operation back into the queue, and shows that it waits.
    async fn hand_back(&self) {
        match self.engine.store.hand_back(self.id, self.attempt).await {
            Ok(Some(row)) => {
                tracing::info!("handed back to the queue");
                self.engine.show_row(self.operation, &row).await;
            }
            Ok(None) => tracing::warn!("somebody else has taken this run over"),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "not handed back");
            }
        }
    }

    /// The operation that a run which ended like this hands over to. A run that asked for one that
    /// cannot be fails, as it cannot do as it said.
    fn next(&self, outcome: Outcome) -> (Outcome, Option<NewOperation>) {
        let chain = self.report.take_chain();
        let chain = chain.filter(|_| matches!(outcome.ending, Ending::Finished(_)));
        match chain.map(|next| self.check_next(next)) {
            None => (outcome, None),
            Some(Ok(next)) => (outcome, Some(next)),
            Some(Err(error)) => (Outcome::of_error(self.id, &error), None),
        }
    }

    fn check_next(&self, next: Chain) -> RunResult<NewOperation> {
        let next = next?;
        match self.engine.registry.find(next.op_type) {
            Some(_) => Ok(next),
            None => Err(format!("chained to `{}`, which is not registered", next.op_type).into()),
        }
    }

    /// Commits the ending, then shows it.
    async fn conclude(&self, outcome: Outcome, mut sink: LiveSink) -> Option<OperationId> {
        let (outcome, next) = self.next(outcome);
        let shown = next.as_ref().and_then(|next| self.engine.next(next.op_type, next.id));
        if let Some(next) = shown {
            self.report.event(Event::HandedOver(next));
        }
        self.report.event(Event::Ended(outcome.ending.clone()));
        let (projection, changes) = self.report.take();
        let row = self.commit(&outcome, &projection, next.clone()).await?;
        tracing::info!(state = %row.state(), "ended");

        sink.show(&projection, changes).await;
        sink.signal(&projection, self.engine.finished(&row)).await;
        let chained =
            next.as_ref().and_then(|next| self.engine.chained(self.id, next.op_type, next.id));
        if let Some(chained) = chained {
            sink.signal(&projection, chained).await;
        }
        self.engine.announce(&row.owner_id(), ListChange::Rows).await;
        next.map(|next| next.id)
    }

    /// Commits the ending; `None` when it was not this attempt's to commit.
    ///
    /// A database that fails is asked again until the lease would have run out twice over: by
    /// then somebody else has decided.
    async fn commit(
        &self,
        outcome: &Outcome,
        projection: &Projection,
        next: Option<NewOperation>,
    ) -> Option<Model> {
        let give_up_on = Instant::now() + self.engine.config.lease * 2;
        loop {
            let conclusion = Conclusion {
                ending: &outcome.ending,
                traceback: outcome.traceback.clone(),
                projection,
                kind: &self.operation.kind,
                next: next.clone(),
            };
            match self.engine.store.conclude(self.id, self.attempt, conclusion).await {
                Ok(Some(row)) => return Some(row),
                Ok(None) => {
                    tracing::warn!("somebody else ended this run");
                    return None;
                }
                Err(error) if Instant::now() < give_up_on => {
                    tracing::error!(error = &error as &dyn std::error::Error, "will try again");
                    time::sleep(RETRY_AFTER).await;
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "gave up");
                    return None;
                }
            }
        }
    }
}

/// A task that does not outlive whoever waits for it.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
