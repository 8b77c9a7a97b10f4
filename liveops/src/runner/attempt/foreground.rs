//! Execution of an operation in this process for an observer, such as the command line.
//!
//! The operation, and every operation that it chains to, is inserted as claimed by this process. It never
//! waits in the queue, so no worker can claim it first. Between two attempts the operation does wait; this
//! process then claims it two seconds before other processes may.

use std::{sync::Arc, time::Duration};

use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{
    eager::until,
    execution::Executor,
    running_attempt::{NextStep, RunningAttempt},
};
use crate::{
    event::{Ending, Event},
    operation::{Attempt, NewOperation, OperationId, OperationState},
    publish::{EventSender, Observers, RunEvent},
    render::Subject,
    runner::{EnqueueError, LiveOps},
    store::{Enqueued, Model, StoreError},
};

/// The observer of a foreground run, and the signals that stop the run.
#[derive(Debug, Clone)]
pub(crate) struct ForegroundRun {
    /// Sends the events of the run to the observer.
    pub(crate) events: EventSender,
    /// Cancelled to ask the current operation, and any that follow, to stop.
    pub(crate) cancel: CancellationToken,
    /// Cancelled to stop the current operation at its next `.await`.
    pub(crate) abort: CancellationToken,
}

/// The result of a foreground run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForegroundOutcome {
    /// The last operation that was run: the enqueued one, or the end of its chain.
    Last(OperationId),
    /// An unfinished duplicate; nothing was run.
    Existing(OperationId),
}

impl LiveOps {
    /// Enqueues an operation and runs it in this process to its end, including later attempts and
    /// chained operations. No other process can claim them while this process is alive.
    ///
    /// # Errors
    ///
    /// Returns an [`EnqueueError`]; then nothing was enqueued.
    pub(crate) async fn run_in_foreground(
        &self,
        mut new: NewOperation,
        foreground: ForegroundRun,
    ) -> Result<ForegroundOutcome, EnqueueError> {
        self.engine().ensure_lease_heartbeat();
        self.engine().ensure_dispatcher();
        new.claimed_by = Some(self.engine().worker_claim());
        let row = match self.add(new).await? {
            Enqueued::New(row) => row,
            Enqueued::Existing(row) => return Ok(ForegroundOutcome::Existing(row.operation_id())),
        };
        let id = row.operation_id();
        let run = ForegroundChain { liveops: self.clone(), foreground, id }.run(row);
        // A tracked task: a shutdown waits for it, and it continues if this future is dropped.
        let last = self.engine().active_runs.tasks.spawn(run).await.unwrap_or_else(|error| {
            tracing::error!(%id, %error, "foreground run panicked; its row holds the last state");
            id
        });
        Ok(ForegroundOutcome::Last(last))
    }

    /// Disables the worker, so that this process executes only foreground runs.
    pub(crate) fn disable_worker(&self) {
        self.engine().active_runs.worker_start.call_once(|| {});
    }
}

/// An operation that runs in the foreground, and the operations chained to it.
#[derive(Clone)]
struct ForegroundChain {
    liveops: LiveOps,
    foreground: ForegroundRun,
    /// The current operation.
    id: OperationId,
}

impl ForegroundChain {
    /// Runs all operations of the chain, and returns the last one.
    async fn run(mut self, row: Model) -> OperationId {
        let mut row = Some(row);
        while let Some(claimed) = row {
            row = match self.attempt(claimed).await {
                NextStep::Done => None,
                NextStep::Chained(next) => self.continue_with(next).await,
                NextStep::NextAttempt(on) => self.wait_until_due(until(on)).await,
            };
        }
        self.id
    }

    async fn attempt(&self, row: Model) -> NextStep {
        let observers = Observers {
            observer: Some(Arc::new(self.foreground.events.clone())),
            abort: self.foreground.abort.clone(),
        };
        let engine = self.liveops.engine().clone();
        let Some(run) = RunningAttempt::begin_observed(engine, row, Executor::Threads, observers)
        else {
            return NextStep::Done;
        };
        let (over, attempt) = (CancellationToken::new(), run.attempt);
        tokio::spawn(self.clone().cancel_when_asked(attempt, over.clone()));
        let next_step = run.run_to_completion().await;
        over.cancel();
        next_step
    }

    async fn cancel_when_asked(self, attempt: Attempt, over: CancellationToken) {
        tokio::select! {
            () = self.foreground.cancel.cancelled() => {}
            () = over.cancelled() => return,
        }
        // First, in case the database does not answer.
        self.liveops.engine().active_runs.cancel(self.id, attempt);
        self.cancel().await;
    }

    async fn cancel(&self) {
        if let Err(error) = self.liveops.cancel(self.id).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(id = %self.id, error, "could not cancel the operation; cancel again");
        }
    }

    /// Returns the row of the next operation, claimed by this process; `None` if another process runs
    /// the operation.
    async fn continue_with(&mut self, next: OperationId) -> Option<Model> {
        let previous = self.subject_of(&self.find().await?)?;
        self.id = next;
        let row = self.find().await?;
        self.foreground.events.send(previous, RunEvent::Chained(self.subject_of(&row)?));
        let worker = &self.liveops.engine().active_runs.worker;
        let is_ours = row.state() == OperationState::Started && row.worker.as_ref() == Some(worker);
        if is_ours { Some(row) } else { self.claim().await }
    }

    /// Waits until the next attempt is due and claims it. Returns `None` if no attempt follows in this
    /// process.
    async fn wait_until_due(&self, wait: Duration) -> Option<Model> {
        tokio::select! {
            () = time::sleep(wait) => {}
            () = self.foreground.cancel.cancelled() => self.cancel().await,
            () = self.liveops.engine().active_runs.closing.cancelled() => return None,
        }
        let claimed = self.claim_before_due().await;
        if claimed.is_none() {
            self.report_if_cancelled().await;
        }
        claimed
    }

    /// Sends the end of an operation that was cancelled between two attempts, when no run reports
    /// events.
    async fn report_if_cancelled(&self) {
        let Some(row) = self.find().await else { return };
        let subject = self.subject_of(&row).filter(|_| row.state() == OperationState::Cancelled);
        if let Some(subject) = subject {
            let ended = RunEvent::Reported(Event::Ended(Ending::Cancelled));
            self.foreground.events.send(subject, ended);
        }
    }

    async fn claim(&self) -> Option<Model> {
        ok_or_logged(self.id, self.liveops.engine().claim(self.id).await)
    }

    /// Claims an operation during the head start that other processes give to this one.
    async fn claim_before_due(&self) -> Option<Model> {
        let engine = self.liveops.engine();
        let claim =
            engine.store.claim_before_due(self.id, &engine.active_runs.worker, engine.config.lease);
        ok_or_logged(self.id, claim.await)
    }

    async fn find(&self) -> Option<Model> {
        ok_or_logged(self.id, self.liveops.find(self.id).await)
    }

    fn subject_of(&self, row: &Model) -> Option<Subject> {
        let operation = self.liveops.engine().registry.find(&row.op_type)?;
        Some(Subject { kind: operation.kind, id: row.operation_id() })
    }
}

/// Returns the value, or logs the error and returns `None`. The observer then reads the result from the
/// row.
fn ok_or_logged<T>(id: OperationId, result: Result<Option<T>, StoreError>) -> Option<T> {
    result.unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(
            %id,
            error,
            "could not claim or read the operation; stopping the foreground run"
        );
        None
    })
}
