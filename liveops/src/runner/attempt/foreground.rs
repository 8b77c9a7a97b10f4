//! Running an operation in this process while somebody looks on.

use std::{sync::Arc, time::Duration};

use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{
    eager::until,
    running_attempt::{After, Run},
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
pub(crate) struct Foreground {
    /// Where what happens is told.
    pub(crate) events: EventSender,
    /// Asks whatever runs to stop, and what would follow on it.
    pub(crate) cancel: CancellationToken,
    /// Stops whatever runs at its next await.
    pub(crate) abort: CancellationToken,
}

/// What became of an operation that was to be run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RanHere {
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
    pub(crate) async fn run_here(
        &self,
        mut new: NewOperation,
        foreground: Foreground,
    ) -> Result<RanHere, EnqueueError> {
        self.engine().ensure_kept();
        new.claimed_by = Some(self.engine().claimant());
        let row = match self.add(new).await? {
            Enqueued::New(row) => row,
            Enqueued::Existing(row) => return Ok(RanHere::Existing(row.operation_id())),
        };
        let id = row.operation_id();
        let run = Chain { liveops: self.clone(), foreground, id }.run(row);
        // One of the tasks that a shutdown waits for, and that outlives whoever waits for it here.
        let last = self.engine().running.tasks.spawn(run).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a run in the foreground died");
            id
        });
        Ok(RanHere::Last(last))
    }

    /// Has this process execute nothing but what it is told to, whatever is enqueued in it.
    pub(crate) fn never_work(&self) {
        self.engine().running.worker_start.call_once(|| {});
    }
}

/// An operation that is run here, and those that follow on it.
#[derive(Clone)]
struct Chain {
    liveops: LiveOps,
    foreground: Foreground,
    /// Which of them it is by now.
    id: OperationId,
}

impl Chain {
    /// Runs all of them, and gives the last one.
    async fn run(mut self, row: Model) -> OperationId {
        let mut row = Some(row);
        while let Some(claimed) = row {
            row = match self.attempt(claimed).await {
                After::Nothing => None,
                After::Next(next) => self.go_on_with(next).await,
                After::Again(on) => self.wait_until_due(until(on)).await,
            };
        }
        self.id
    }

    async fn attempt(&self, row: Model) -> After {
        let observers = Observers {
            observer: Some(Arc::new(self.foreground.events.clone())),
            abort: self.foreground.abort.clone(),
        };
        let Some(run) = Run::begin_observed(self.liveops.engine().clone(), row, observers) else {
            return After::Nothing;
        };
        let over = CancellationToken::new();
        tokio::spawn(self.clone().cancel_when_asked(over.clone()));
        let after = run.until_its_end().await;
        over.cancel();
        after
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
        self.liveops.engine().running.cancel(self.id);
        if let Err(error) = self.liveops.cancel(self.id).await {
            tracing::error!(error = &error as &dyn std::error::Error, "failed to cancel");
        }
    }

    /// The operation that takes over, unless somebody else runs it.
    async fn go_on_with(&mut self, next: OperationId) -> Option<Model> {
        let previous = self.subject_of(&self.find().await?)?;
        self.id = next;
        let row = self.find().await?;
        self.foreground.events.send(previous, RunEvent::Chained(self.subject_of(&row)?));
        let worker = &self.liveops.engine().running.worker;
        let is_ours = row.state() == OperationState::Started && row.worker.as_ref() == Some(worker);
        if is_ours { Some(row) } else { self.claim().await }
    }

    /// Waits for the time of the next attempt, and claims it; `None` if there is to be none here.
    async fn wait_until_due(&self, wait: Duration) -> Option<Model> {
        tokio::select! {
            () = time::sleep(wait) => {}
            () = self.foreground.cancel.cancelled() => self.cancel().await,
            () = self.liveops.engine().running.closing.cancelled() => return None,
        }
        let claimed = self.claim_early().await;
        if claimed.is_none() {
            self.tell_if_cancelled().await;
        }
        claimed
    }

    /// Tells the end of an operation that was cancelled while it waited, of which no run tells.
    async fn tell_if_cancelled(&self) {
        let Some(row) = self.find().await else { return };
        let subject = self.subject_of(&row).filter(|_| row.state() == OperationState::Cancelled);
        if let Some(subject) = subject {
            let ended = RunEvent::Reported(Event::Ended(Ending::Cancelled));
            self.foreground.events.send(subject, ended);
        }
    }

    async fn claim(&self) -> Option<Model> {
        let engine = self.liveops.engine();
        let claim = engine.store.claim(self.id, &engine.running.worker, engine.config.lease);
        noted(claim.await)
    }

    /// Claims an operation that others leave to this process for a while.
    async fn claim_early(&self) -> Option<Model> {
        let engine = self.liveops.engine();
        let claim = engine.store.claim_early(self.id, &engine.running.worker, engine.config.lease);
        noted(claim.await)
    }

    async fn find(&self) -> Option<Model> {
        noted(self.liveops.find(self.id).await)
    }

    fn subject_of(&self, row: &Model) -> Option<Subject> {
        let operation = self.liveops.engine().registry.find(&row.op_type)?;
        Some(Subject { kind: operation.kind, id: row.operation_id() })
    }
}

/// What the database gave, where it gave anything: whoever looks on reads off the row what became of
/// the operation.
fn noted<T>(asked: Result<Option<T>, StoreError>) -> Option<T> {
    asked.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "failed to go on here");
        None
    })
}
