//! Running an operation in this process while somebody looks on.

use std::{sync::Arc, time::Duration};

use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{
    eager::until,
    running_attempt::{NextStep, RunningAttempt},
};
use crate::{
    event::{Ending, Event},
    operation::{NewOperation, OperationId, OperationState},
    publish::{EventSender, Observers, RunEvent},
    render::Subject,
    runner::{EnqueueError, LiveOps},
    store::{Enqueued, Model, StoreError},
};

/// Who looks on, and how they stop what they see.
#[derive(Debug, Clone)]
pub(crate) struct ForegroundRun {
    /// Where what happens is told.
    pub(crate) events: EventSender,
    /// Asks whatever runs to stop, and what would follow on it.
    pub(crate) cancel: CancellationToken,
    /// Stops whatever runs at its next await.
    pub(crate) abort: CancellationToken,
}

/// What became of an operation that was to be run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForegroundOutcome {
    /// This one was run last: the operation, or what it handed over to.
    Last(OperationId),
    /// This one counts as the same and has not ended, so nothing was run.
    Existing(OperationId),
}

impl LiveOps {
    /// Enqueues an operation and runs it in this process to its end, every attempt at it, and those
    /// it hands over to. Nobody else can claim any of them for as long as this process goes on.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
    pub(crate) async fn run_in_foreground(
        &self,
        mut new: NewOperation,
        foreground: ForegroundRun,
    ) -> Result<ForegroundOutcome, EnqueueError> {
        self.engine().ensure_lease_heartbeat();
        new.claimed_by = Some(self.engine().worker_claim());
        let row = match self.add(new).await? {
            Enqueued::New(row) => row,
            Enqueued::Existing(row) => return Ok(ForegroundOutcome::Existing(row.operation_id())),
        };
        let id = row.operation_id();
        let run = ForegroundChain { liveops: self.clone(), foreground, id }.run(row);
        // One of the tasks that a shutdown waits for, and that outlives whoever waits for it here.
        let last = self.engine().active_runs.tasks.spawn(run).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a run in the foreground died");
            id
        });
        Ok(ForegroundOutcome::Last(last))
    }

    /// Has this process execute nothing but what it is told to, whatever is enqueued in it.
    pub(crate) fn disable_worker(&self) {
        self.engine().active_runs.worker_start.call_once(|| {});
    }
}

/// An operation that is run here, and those that follow on it.
#[derive(Clone)]
struct ForegroundChain {
    liveops: LiveOps,
    foreground: ForegroundRun,
    /// Which of them it is by now.
    id: OperationId,
}

impl ForegroundChain {
    /// Runs all of them, and gives the last one.
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
        let Some(run) =
            RunningAttempt::begin_observed(self.liveops.engine().clone(), row, observers)
        else {
            return NextStep::Done;
        };
        let over = CancellationToken::new();
        tokio::spawn(self.clone().cancel_when_asked(over.clone()));
        let next_step = run.run_to_completion().await;
        over.cancel();
        next_step
    }

    async fn cancel_when_asked(self, over: CancellationToken) {
        tokio::select! {
            () = self.foreground.cancel.cancelled() => {}
            () = over.cancelled() => return,
        }
        self.cancel().await;
    }

    async fn cancel(&self) {
        // At once, even if the database does not answer.
        self.liveops.engine().active_runs.cancel(self.id);
        if let Err(error) = self.liveops.cancel(self.id).await {
            tracing::error!(error = &error as &dyn std::error::Error, "failed to cancel");
        }
    }

    /// The operation that takes over, unless somebody else runs it.
    async fn continue_with(&mut self, next: OperationId) -> Option<Model> {
        let previous = self.subject_of(&self.find().await?)?;
        self.id = next;
        let row = self.find().await?;
        self.foreground.events.send(previous, RunEvent::Chained(self.subject_of(&row)?));
        let worker = &self.liveops.engine().active_runs.worker;
        let is_ours = row.state() == OperationState::Started && row.worker.as_ref() == Some(worker);
        if is_ours { Some(row) } else { self.claim().await }
    }

    /// Waits for the time of the next attempt, and claims it; `None` if there is to be none here.
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

    /// Tells the end of an operation that was cancelled while it waited, of which no run tells.
    async fn report_if_cancelled(&self) {
        let Some(row) = self.find().await else { return };
        let subject = self.subject_of(&row).filter(|_| row.state() == OperationState::Cancelled);
        if let Some(subject) = subject {
            let ended = RunEvent::Reported(Event::Ended(Ending::Cancelled));
            self.foreground.events.send(subject, ended);
        }
    }

    async fn claim(&self) -> Option<Model> {
        let engine = self.liveops.engine();
        let claim = engine.store.claim(self.id, &engine.active_runs.worker, engine.config.lease);
        ok_or_logged(claim.await)
    }

    /// Claims an operation that others leave to this process for a while.
    async fn claim_before_due(&self) -> Option<Model> {
        let engine = self.liveops.engine();
        let claim =
            engine.store.claim_before_due(self.id, &engine.active_runs.worker, engine.config.lease);
        ok_or_logged(claim.await)
    }

    async fn find(&self) -> Option<Model> {
        ok_or_logged(self.liveops.find(self.id).await)
    }

    fn subject_of(&self, row: &Model) -> Option<Subject> {
        let operation = self.liveops.engine().registry.find(&row.op_type)?;
        Some(Subject { kind: operation.kind, id: row.operation_id() })
    }
}

/// What the database gave, where it gave anything: whoever looks on reads off the row what became of
/// the operation.
fn ok_or_logged<T>(asked: Result<Option<T>, StoreError>) -> Option<T> {
    asked.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "failed to go on here");
        None
    })
}
