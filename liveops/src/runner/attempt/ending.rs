//! The ending of an attempt: committed first, published second.

use chrono::Utc;

use super::{
    database_backoff::{DatabaseBackoff, write_wait},
    outcome::Outcome,
    running_attempt::{NextStep, RunningAttempt},
};
use crate::{
    error::RunResult,
    event::{Event, Level, LogLine, Status},
    metrics::{lease_lost, operation_enqueued, record_operation_ended},
    operation::{NewOperation, OperationId},
    progress::Sink,
    projection::LoggedProjection,
    publish::{LinkedRow, RunSinks},
    runner::WakeUp,
    span,
    store::{Model, RunConclusion, Store, StoreError},
};

/// Returns the events that show a warning in the status line and in the log.
fn warning(text: &str) -> [Event; 2] {
    let level = Level::Warning;
    [
        Event::Status(Status { level, text: text.into() }),
        Event::Log(LogLine { at: Utc::now(), level, text: text.to_owned() }),
    ]
}

impl RunningAttempt {
    /// Returns `next`, claimed by this process if the run is observed, so that the observer sees `next`
    /// too.
    fn claimed(&self, next: NewOperation) -> NewOperation {
        let is_observed = !self.observers.is_empty();
        NewOperation { claimed_by: is_observed.then(|| self.engine.worker_claim()), ..next }
    }

    /// Checks that the next operation can be enqueued.
    fn check_next(&self, next: &NewOperation) -> RunResult<()> {
        match self.engine.registry.find(next.op_type) {
            Some(_) => Ok(next.check(self.engine.config.input_bytes_max)?),
            None => Err(format!("chained to `{}`, which is not registered", next.op_type).into()),
        }
    }

    /// Commits the ending, then publishes it.
    pub(super) async fn finish(&self, outcome: Outcome, mut sinks: RunSinks) -> NextStep {
        let chain = self.report().take_chain();
        let last = self.report().seal();
        let (mut outcome, next) =
            outcome.with_next(&self.messages(), chain, last.view.cancel_requested, |next| {
                self.check_next(next)
            });
        let mut next = next.map(|next| self.claimed(next));
        let (row, events) = loop {
            let events = self.ending_events(&outcome, next.as_ref());
            let mut last = last.clone();
            for event in &events {
                last.apply(event.clone());
            }
            match self.commit(&outcome, last, next.clone()).await {
                Commit::Ended(row) => break (row, events),
                Commit::CancelRequested => (outcome, next) = (Outcome::cancelled(), None),
                Commit::Lost => return NextStep::Done,
            }
        };
        if last.unwritten.may_be_above_limits() {
            self.shorten_log().await;
        }
        let (mut projection, changes) = self.report().conclude(events);
        record_operation_ended(self.op_type(), row.state());
        self.engine.dispatcher.wake();
        tracing::info!(state = %row.state(), "ended the operation");
        // Known only after the commit: a duplicate of the next operation may have existed already.
        let chained_to = row.chained_to.map(OperationId::from);
        if let Some(next) = next.as_ref().filter(|next| chained_to == Some(next.id)) {
            operation_enqueued(next.op_type);
            let _enqueue = span::enqueue(next.op_type, next.id).entered();
            tracing::debug!(chained_from = %self.id, "enqueued the next operation");
        }
        let next = chained_to.zip(next);
        let wake_up = next.as_ref().map(|(id, next)| WakeUp::new(*id, &next.queue));
        let next = next.as_ref().map(|(id, next)| {
            // Of an existing operation that takes the place of `next`, only the ID is known.
            let description = next.description.as_deref().filter(|_| next.id == *id);
            LinkedRow { op_type: next.op_type, id: *id, description }
        });
        projection.next = next.map(|next| self.engine.presenter.link(&self.row, next));

        sinks.show(&projection, changes).await;
        self.engine
            .publisher
            .signal(&mut sinks.channel, &projection, self.engine.presenter.finished_signal(&row))
            .await;
        let chained_signal = next.map(|next| self.engine.presenter.chained_signal(&self.row, next));
        if let Some(chained_signal) = chained_signal {
            self.engine.publisher.signal(&mut sinks.channel, &projection, chained_signal).await;
        }
        self.engine.publisher.announce_row(&row).await;
        if next.is_some() {
            self.engine.wake_workers(wake_up).await;
        }
        next.map_or(NextStep::Done, |next| NextStep::Chained(next.id))
    }

    /// Deletes lines in the middle of a log above its limits. Otherwise, the log would stay so long until it is pruned.
    async fn shorten_log(&self) {
        let (id, limits) = (self.id, self.engine.log_limits());
        let shorten = |store: Store| async move { store.shorten_log(id, limits).await };
        let wait = write_wait(&self.engine);
        let shortened =
            self.engine.store.run_within(wait, "shorten the log of an operation", shorten);
        if let Err(error) = shortened.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "could not shorten a log above its limits; keeping it whole");
        }
    }

    /// Returns the events of a warning, of the handover to `next`, and of the ending.
    fn ending_events(&self, outcome: &Outcome, next: Option<&NewOperation>) -> Vec<Event> {
        let warning = outcome.warning.iter().flat_map(|text| warning(text));
        let next = next.map(|next| {
            let description = next.description.as_deref();
            let next = LinkedRow { op_type: next.op_type, id: next.id, description };
            self.engine.presenter.link(&self.row, next)
        });
        let handed_over = next.map(Event::HandedOver);
        let order = (!outcome.order.is_empty()).then(|| Event::Ordered(outcome.order.clone()));
        let ended = Event::Ended(outcome.ending.clone());
        warning.chain(handed_over).chain(order).chain([ended]).collect()
    }

    /// Commits the ending.
    ///
    /// Repeats the call while the database fails. The heartbeat renews the lease meanwhile. If the
    /// heartbeat fails too, another worker may take the run over, and the store then refuses the ending.
    async fn commit(
        &self,
        outcome: &Outcome,
        mut last: LoggedProjection,
        next: Option<NewOperation>,
    ) -> Commit {
        let (projection, log) = (&last.view, &last.unwritten.chunks());
        let mut backoff = DatabaseBackoff::new(&self.engine);
        let is_chained = next.is_some();
        let claimed = self.row.claimed(&self.active.kind);
        loop {
            let conclusion = RunConclusion {
                ending: &outcome.ending,
                traceback: outcome.traceback.clone(),
                projection,
                log,
            };
            let (claimed, next) = (&claimed, next.clone());
            let concluded = backoff
                .write("end a run", |store| async move {
                    store.finish_run(claimed, conclusion, next).await
                })
                .await;
            let error = match concluded {
                Ok(Some(row)) => return Commit::Ended(Box::new(row)),
                Ok(None) => match self.refused(&backoff, is_chained).await {
                    Ok(commit) => return commit,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !backoff.wait_before_retry(&error).await {
                return Commit::Lost;
            }
        }
    }

    /// Returns the reason for which the store did not write the ending. The reason is read from the row:
    /// this attempt may have ended it by a commit whose answer was lost.
    async fn refused(
        &self,
        backoff: &DatabaseBackoff<'_>,
        is_chained: bool,
    ) -> Result<Commit, StoreError> {
        let find = |store: Store| async move { store.find(self.id).await };
        let row = backoff.write("read an operation", find).await?;
        match row.filter(|row| row.attempt == self.row.attempt) {
            Some(row) if row.state().is_terminal() => Ok(Commit::Ended(Box::new(row))),
            Some(row) if is_chained && row.cancel_requested => Ok(Commit::CancelRequested),
            _ => {
                lease_lost(self.op_type());
                tracing::warn!("lost the lease before the ending; discarding the outcome");
                Ok(Commit::Lost)
            }
        }
    }
}

/// The result of committing an ending.
enum Commit {
    /// The operation has ended.
    Ended(Box<Model>),
    /// A user requested cancellation before the end, so no next operation may start. Nothing was written.
    CancelRequested,
    /// The operation is not this attempt's to end, or the database failed until the shutdown.
    Lost,
}
