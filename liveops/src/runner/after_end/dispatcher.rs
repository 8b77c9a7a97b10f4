//! The dispatcher: passes the entries of the outbox to their receivers.
//!
//! A dispatch begins with a claim of the entry, after which another process repeats the dispatch if this one does not
//! settle it in time. The entry is deleted once its receiver has accepted it.

use std::{
    sync::{Arc, Once, Weak},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, oneshot},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Received, Receiver};
use crate::{
    metrics::{DispatchOutcome, end_dispatched},
    operation::OperationId,
    panic::CatchPanic,
    runner::{
        attempt::{active_runs::ActiveRuns, execution::Executor},
        engine::Engine,
        random_share,
    },
    store::{OUTBOX_WAIT_MAX, OutboxEntry, Store, StoreError},
};

/// The wait after the first failed dispatch of an entry. Each further wait is twice as long.
const WAIT_FIRST: Duration = Duration::from_secs(1);

/// Time beyond its limit that a receiver has to leave its thread.
const OVERTIME: Duration = Duration::from_secs(1);

/// Maximum duration of a query on the outbox.
const QUERY_WAIT_MAX: Duration = Duration::from_secs(10);

/// The receivers of this process, and their dispatches.
#[derive(Debug)]
pub(in crate::runner) struct Dispatcher {
    receivers: Vec<Arc<Receiver>>,
    /// Notified when an entry may be due.
    wake: Arc<Notify>,
    start: Once,
    /// Cancelled when no more entries follow.
    finish: CancellationToken,
    tasks: TaskTracker,
}

impl Dispatcher {
    pub(in crate::runner) fn new(receivers: Vec<Receiver>) -> Self {
        Self {
            receivers: receivers.into_iter().map(Arc::new).collect(),
            wake: Arc::default(),
            start: Once::new(),
            finish: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Looks for due entries now.
    pub(in crate::runner) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Dispatches the entries of the ends that this process has committed, and waits for the dispatches under way, for
    /// `limit` at most. Other dispatches are left to other processes.
    pub(in crate::runner) async fn finish(&self, limit: Duration) {
        self.finish.cancel();
        self.tasks.close();
        if time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                "could not wait for all hooks within {limit:?}; another process or the next start calls them again"
            );
        }
    }
}

impl Engine {
    /// Starts the dispatcher, unless it runs already or the application has no receivers. The dispatcher stops with
    /// the application.
    pub(in crate::runner) fn ensure_dispatcher(self: &Arc<Self>) {
        if self.dispatcher.receivers.is_empty() {
            return;
        }
        self.dispatcher.start.call_once(|| {
            let work = work(Arc::downgrade(self), self.active_runs.clone());
            let shut_down = self.active_runs.shut_down.clone();
            self.dispatcher.tasks.spawn(async move { shut_down.run_until_cancelled(work).await });
        });
    }

    /// Dispatches all due entries, and waits for the dispatches. For processes without a dispatcher.
    pub(in crate::runner) async fn dispatch_all_due(self: &Arc<Self>) {
        while !self.dispatcher.receivers.is_empty() {
            let dispatches = TaskTracker::new();
            match self.dispatch_due(&dispatches, Executor::Task).await {
                Ok(()) if dispatches.is_empty() => return,
                Ok(()) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    return tracing::warn!(error, "could not read the outbox; leaving its entries");
                }
            }
            dispatches.close();
            dispatches.wait().await;
        }
    }

    /// Claims due entries, as many as each receiver has turns, and begins their dispatches as `dispatches`.
    async fn dispatch_due(
        &self,
        dispatches: &TaskTracker,
        executor: Executor,
    ) -> Result<(), StoreError> {
        let receivers = &self.dispatcher.receivers;
        let names: Vec<&str> = receivers.iter().map(|receiver| &*receiver.name).collect();
        // A receiver that does not leave its thread is called again elsewhere in the meantime.
        let lease = 2 * (self.config.hook_timeout + OVERTIME);
        let is_due = async |store: Store| store.has_due_entries(&names, lease).await;
        if !query(&self.store, is_due).await? {
            return Ok(());
        }
        for receiver in receivers {
            let free = receiver.turns.available_permits();
            let free = u32::try_from(free).unwrap_or(u32::MAX);
            let Ok(mut turns) = receiver.turns.clone().try_acquire_many_owned(free) else {
                continue;
            };
            if free == 0 {
                continue;
            }
            let claim =
                async |store: Store| store.claim_entries(&receiver.name, free.into(), lease).await;
            let entries = query(&self.store, claim).await?;
            // More entries may be due than there are turns.
            let is_full = entries.len() >= free as usize;
            for entry in entries {
                let Some(turn) = turns.split(1) else { break };
                let dispatch = Dispatch {
                    receiver: receiver.clone(),
                    op_type: self.registry.metric_op_type(&entry.op_type),
                    store: self.store.clone(),
                    active_runs: self.active_runs.clone(),
                    timeout: self.config.hook_timeout,
                    executor,
                    wake: is_full.then(|| self.dispatcher.wake.clone()),
                    entry,
                };
                dispatches.spawn(dispatch.run(turn));
            }
        }
        Ok(())
    }
}

/// Dispatches due entries until the shutdown.
async fn work(engine: Weak<Engine>, active_runs: Arc<ActiveRuns>) {
    let Some(first) = engine.upgrade() else { return };
    let (wake, finish) = (first.dispatcher.wake.clone(), first.dispatcher.finish.clone());
    let (tasks, poll_interval) = (first.dispatcher.tasks.clone(), first.config.poll_interval);
    drop(first);
    loop {
        let is_last = finish.is_cancelled();
        let Some(engine) = engine.upgrade() else { return };
        if let Err(error) = engine.dispatch_due(&tasks, Executor::Threads).await {
            let worker = &active_runs.worker;
            let error = &error as &dyn std::error::Error;
            tracing::warn!(worker, error, "could not read the outbox; retrying at the next poll");
        }
        drop(engine);
        if is_last {
            return;
        }
        tokio::select! {
            () = wake.notified() => {}
            () = time::sleep(poll_interval) => {}
            () = finish.cancelled() => {}
        }
    }
}

/// Runs a query on the outbox with a deadline.
async fn query<T, Work>(store: &Store, work: impl FnOnce(Store) -> Work) -> Result<T, StoreError>
where
    Work: Future<Output = Result<T, StoreError>>,
{
    let wait = async {
        time::sleep(QUERY_WAIT_MAX).await;
        QUERY_WAIT_MAX
    };
    store.run_within(wait, "use the outbox", work).await
}

/// One dispatch of an entry.
struct Dispatch {
    receiver: Arc<Receiver>,
    entry: OutboxEntry,
    op_type: &'static str,
    store: Store,
    active_runs: Arc<ActiveRuns>,
    timeout: Duration,
    executor: Executor,
    /// Notified at the end of the dispatch, if entries may wait for its turn.
    wake: Option<Arc<Notify>>,
}

impl Dispatch {
    /// Passes the entry to the receiver, and settles it.
    async fn run(self, turn: OwnedSemaphorePermit) {
        let received = self.receive(turn).await;
        let settle = async |store: Store| self.settle(&store, &received).await;
        if let Err(error) = query(&self.store, settle).await {
            let id = OperationId::from(self.entry.operation);
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                receiver = self.receiver.name,
                %id,
                error,
                "could not settle an entry of the outbox; its receiver gets it again"
            );
        }
        if let Some(wake) = self.wake {
            wake.notify_one();
        }
    }

    /// Calls the receiver. The receiver keeps `turn` until it has returned, also after the time limit.
    async fn receive(&self, turn: OwnedSemaphorePermit) -> Received {
        let (sender, answer) = oneshot::channel();
        let receiving = CatchPanic::new(self.receiver.receive(self.entry.clone()));
        let receiving = time::timeout(self.timeout, receiving);
        let call = async move {
            let received = receiving.await;
            // Refused if nothing waits for the receiver any more.
            let _ = sender.send(received);
            drop(turn);
        };
        self.active_runs.execute(self.executor, call);
        let answered = time::timeout(self.timeout + OVERTIME, answer).await;
        let failed = |error: String| Received::Failed { error, retry_after: None };
        match answered {
            Ok(Ok(Ok(Ok(received)))) => received,
            Ok(Ok(Ok(Err(panicked)))) => failed(panicked.to_string()),
            Ok(Ok(Err(_))) | Err(_) => failed(format!("did not return within {:?}", self.timeout)),
            Ok(Err(_)) => failed("the runtime has dropped the call".to_owned()),
        }
    }

    /// Deletes the entry, or makes it due again.
    async fn settle(&self, store: &Store, received: &Received) -> Result<(), StoreError> {
        let Self { receiver, entry, op_type, .. } = self;
        let (receiver, label, id) =
            (&*receiver.name, receiver.label, OperationId::from(entry.operation));
        let (key, tries) = (entry.key(), entry.tries);
        let (error, wait) = match received {
            Received::Accepted => {
                end_dispatched(op_type, label, DispatchOutcome::Accepted);
                return store.delete_entry(entry).await;
            }
            Received::Failed { error, retry_after } if !entry.is_expired() => {
                (error, Some(wait_after(tries).max(retry_after.unwrap_or_default())))
            }
            Received::Failed { error, .. } | Received::Refused { error } => (error, None),
        };
        let Some(wait) = wait else {
            end_dispatched(op_type, label, DispatchOutcome::GivenUp);
            tracing::error!(
                op_type, receiver, %id, key, tries, error,
                "a receiver did not accept the end of an operation; giving up, nothing calls the receiver for this \
                 end again"
            );
            return store.give_up_entry(entry).await;
        };
        end_dispatched(op_type, label, DispatchOutcome::Failed);
        tracing::warn!(
            op_type, receiver, %id, key, tries, error,
            "a receiver did not accept the end of an operation; retrying in {wait:?}"
        );
        store.postpone_entry(entry, wait).await
    }
}

/// Returns the wait after the failed dispatch with this number, from 1: between three quarters of the full wait and the
/// full wait.
fn wait_after(tries: i32) -> Duration {
    let doublings = u32::try_from(tries - 1).unwrap_or(0).min(20);
    let full = WAIT_FIRST.saturating_mul(1 << doublings).min(OUTBOX_WAIT_MAX);
    full.mul_f64(0.75 + random_share() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        for (tries, full) in [(1, 1), (2, 2), (3, 4), (12, 2_048), (13, 3_600), (i32::MAX, 3_600)] {
            let wait = wait_after(tries).as_secs_f64();
            let full = f64::from(full);
            assert!((full * 0.75..=full).contains(&wait), "{tries}: {wait}");
        }
    }
}
