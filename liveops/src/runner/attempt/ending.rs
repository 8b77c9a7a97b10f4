//! The ending of an attempt: committed first, published second.

use chrono::Utc;

use super::{
    database_backoff::DatabaseBackoff,
    outcome::Outcome,
    running_attempt::{NextStep, RunningAttempt},
};
use crate::{
    channel::ListChange,
    error::RunResult,
    event::{Event, Level, LogLine, Status},
    metrics::{lease_lost, operation_enqueued, record_operation_ended},
    operation::{NewOperation, OperationId},
    progress::Sink,
    projection::Projection,
    publish::RunSinks,
    runner::WakeUp,
    span,
    store::{Model, RunConclusion, StoreError},
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

    fn check_registered(&self, next: &NewOperation) -> RunResult<()> {
        match self.engine.registry.find(next.op_type) {
            Some(_) => Ok(()),
            None => Err(format!("chained to `{}`, which is not registered", next.op_type).into()),
        }
    }

    /// Commits the ending, then publishes it.
    pub(super) async fn finish(&self, outcome: Outcome, mut sinks: RunSinks) -> NextStep {
        let chain = self.report().take_chain();
        let (outcome, next) =
            outcome.with_next(&self.messages(), chain, |next| self.check_registered(next));
        let next = next.map(|next| self.claimed(next));
        let next_link = next
            .as_ref()
            .and_then(|next| self.engine.presenter.next(&self.row, next.op_type, next.id));
        let warning = outcome.warning.iter().flat_map(|text| warning(text));
        let handed_over = next_link.map(Event::HandedOver);
        let ended = Event::Ended(outcome.ending.clone());
        // At once: a run that still executes could report in between. Later reports change nothing.
        self.report().events(warning.chain(handed_over).chain([ended]));
        let (mut projection, changes) = self.report().take();
        let Some(row) = self.commit(&outcome, &projection, next.clone()).await else {
            return NextStep::Done;
        };
        record_operation_ended(self.op_type(), row.state());
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
        let next = next.map(|(id, next)| (id, next.op_type));
        projection.next =
            next.and_then(|(id, op_type)| self.engine.presenter.next(&self.row, op_type, id));

        sinks.show(&projection, changes).await;
        self.engine
            .publisher
            .signal(&mut sinks.channel, &projection, self.engine.presenter.finished_signal(&row))
            .await;
        let chained_signal = next
            .and_then(|(id, op_type)| self.engine.presenter.chained_signal(&self.row, op_type, id));
        if let Some(chained_signal) = chained_signal {
            self.engine.publisher.signal(&mut sinks.channel, &projection, chained_signal).await;
        }
        self.engine.publisher.announce(&row.owner_id(), ListChange::Rows).await;
        if next.is_some() {
            self.engine.wake_workers(wake_up).await;
        }
        next.map_or(NextStep::Done, |(id, _)| NextStep::Chained(id))
    }

    /// Commits the ending. Returns `None` if the operation is not this attempt's to end, or if the
    /// database fails until the shutdown.
    ///
    /// Repeats the call while the database fails. The heartbeat renews the lease meanwhile. If the
    /// database fails for the heartbeat too, other workers cannot take the lease over either.
    async fn commit(
        &self,
        outcome: &Outcome,
        projection: &Projection,
        next: Option<NewOperation>,
    ) -> Option<Model> {
        let mut backoff = DatabaseBackoff::new(&self.engine);
        loop {
            let conclusion = RunConclusion {
                ending: &outcome.ending,
                traceback: outcome.traceback.clone(),
                projection,
                kind: &self.active.kind,
            };
            let store = &self.engine.store;
            let concluded = store.finish_run(self.id, self.attempt, conclusion, next.clone()).await;
            let error = match concluded {
                Ok(Some(row)) => return Some(row),
                Ok(None) => match self.committed().await {
                    Ok(row) => return row,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !backoff.wait_before_retry(&error).await {
                return None;
            }
        }
    }

    /// Returns the row if this attempt ended it, by a commit whose answer was lost.
    async fn committed(&self) -> Result<Option<Model>, StoreError> {
        let row = self.engine.store.find(self.id).await?;
        let is_ours = |row: &Model| row.state().is_terminal() && row.attempt == self.row.attempt;
        let row = row.filter(is_ours);
        if row.is_none() {
            lease_lost(self.op_type());
            tracing::warn!("lost the lease before the ending; discarding the outcome");
        }
        Ok(row)
    }
}
