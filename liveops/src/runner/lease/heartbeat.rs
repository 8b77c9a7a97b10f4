//! The heartbeat: renews the leases of this process, polls cancel requests, and detects the runs of lost
//! workers.
//!
//! The heartbeat has a thread, a runtime and a database connection of its own, so that neither a run that
//! holds its thread nor a pool without a free connection delays it.

use std::{
    collections::HashSet,
    future::Future,
    io,
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time::{self, Instant},
};
use tracing::{Dispatch, dispatcher, subscriber::NoSubscriber};

use super::{expiry::LeaseExpiryTracker, rescue::Rescues, run_logs};
use crate::{
    metrics::leases_renewed,
    operation::{Attempt, OperationId},
    panic::{self, CatchPanic},
    projection::LogSize,
    runner::{
        attempt::active_runs::{ActiveRuns, LoggingRuns},
        engine::Engine,
    },
    store::{Heartbeat, HeartbeatReply, Lease, OwnConnection, RETRY_AFTER, Store, StoreError},
};

/// Name of the thread of the heartbeat.
const THREAD: &str = "liveops-lease";

impl Engine {
    /// Starts the heartbeat, unless it runs already. The heartbeat stops with the application.
    pub(in crate::runner) fn ensure_lease_heartbeat(self: &Arc<Self>) {
        self.ensure_notifications();
        self.active_runs.heartbeat_start.call_once(|| {
            let active_runs = self.active_runs.clone();
            let beat = |heartbeat: LeaseHeartbeat| async move {
                let stop = async {
                    active_runs.shut_down.cancelled().await;
                    // A run that could not be stopped keeps its lease while this process executes it:
                    // nobody else may begin it meanwhile.
                    active_runs.ended().await;
                };
                tokio::select! {
                    () = stop => {}
                    () = heartbeat.run() => {}
                }
            };
            // A database in memory has one connection, which belongs to the runtime of the application.
            // No other process can take the runs over.
            if self.store.is_in_memory() {
                tokio::spawn(beat(LeaseHeartbeat::new(self)));
            } else if let Err(error) = spawn_thread(beat.clone()(LeaseHeartbeat::new(self))) {
                tracing::error!(
                    %error,
                    "could not start the thread that renews the leases; renewing them on the runtime of \
                     the application, where a run that holds its thread may cost the leases"
                );
                tokio::spawn(beat(LeaseHeartbeat::new(self)));
            }
        });
    }
}

/// Runs `task` to its end on a thread of its own.
fn spawn_thread(task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    // A subscriber of this thread alone also receives the messages of the heartbeat. A subscriber for all
    // threads may be installed later.
    let subscriber = dispatcher::get_default(Dispatch::clone);
    let run = move || {
        runtime.block_on(task);
        // Without a wait for threads of the runtime, which may resolve the name of a host.
        runtime.shutdown_background();
    };
    let thread = thread::Builder::new().name(THREAD.to_owned());
    let thread = thread.spawn(move || {
        if subscriber.is::<NoSubscriber>() {
            run();
        } else {
            dispatcher::with_default(&subscriber, run);
        }
    });
    thread.map(drop)
}

struct LeaseHeartbeat {
    active_runs: Arc<ActiveRuns>,
    connection: OwnConnection,
    /// A connection for the logs, open once a run has logged: an append that fails costs its connection.
    log_connection: OwnConnection,
    lease: Duration,
    /// `true` if other processes can reach the rows.
    can_be_taken_over: bool,
    /// Interval at which cancel requests are read, and failed renewals are repeated.
    poll_interval: Duration,
    /// The limits of the log of an operation.
    log_limits: LogSize,
    /// `true` if the last append to the logs failed: only the next heartbeat repeats it.
    has_failed_to_log: bool,
    expiry: LeaseExpiryTracker,
    rescues: Rescues,
    /// The operations claimed by this process that it did not run at the last observation.
    orphans: HashSet<(OperationId, Attempt)>,
}

/// The result of a renewal of all leases of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    /// Every run that still belongs to this process has a new lease.
    Complete,
    /// Some rows were locked, or the database refused to write. The runs belong to this process.
    Incomplete,
    /// The database gave no answer.
    Failed,
}

impl LeaseHeartbeat {
    fn new(engine: &Arc<Engine>) -> Self {
        let lease = engine.config.lease;
        // Weak: the heartbeat must not keep a dropped application alive.
        let weak: Weak<Engine> = Arc::downgrade(engine);
        let connection = |deadline| {
            OwnConnection::kept_open(&engine.store, deadline)
                .used_beside(Handle::current())
                // If a crash of the server loses a renewal, the heartbeat renews the lease again before it expires.
                .without_durable_commits()
        };
        Self {
            active_runs: engine.active_runs.clone(),
            connection: connection(lease / 3),
            log_connection: connection(lease / 6),
            lease,
            can_be_taken_over: !engine.store.is_in_memory(),
            poll_interval: engine.config.poll_interval.min(lease / 3),
            log_limits: engine.log_limits(),
            has_failed_to_log: false,
            expiry: LeaseExpiryTracker::new(lease),
            rescues: Rescues::new(weak, Handle::current()),
            orphans: HashSet::new(),
        }
    }

    /// Renews and observes the leases, and continues after a panic, for example in a `tracing` subscriber. Without the
    /// heartbeat, other processes would take over runs that this process executes.
    async fn run(mut self) {
        while let Err(panicked) = CatchPanic::new(self.renew_and_observe()).await {
            // The subscriber may panic again.
            let _ = panic::catch(|| {
                tracing::error!(%panicked, "the heartbeat panicked; starting it again");
            });
            self.expiry.reset();
            time::sleep(self.retry_after()).await;
        }
    }

    async fn renew_and_observe(&mut self) {
        let mut renew_on = Instant::now();
        let mut observe_on = renew_on;
        loop {
            let poll_on = Instant::now() + self.poll_interval;
            if Instant::now() >= renew_on {
                let renewal = self.renew_leases().await;
                renew_on = Instant::now() + self.wait_after(renewal);
                if renewal == Renewal::Failed {
                    // The other workers cannot renew their leases either.
                    self.expiry.reset();
                    observe_on = renew_on;
                } else {
                    self.append_to_logs(LoggingRuns::All).await;
                }
            } else {
                self.poll_cancel_requests().await;
                if !self.has_failed_to_log {
                    self.append_to_logs(LoggingRuns::WithLargeQueues).await;
                }
            }
            if Instant::now() >= observe_on {
                observe_on = Instant::now() + self.observe_leases().await;
            }
            time::sleep_until(poll_on.min(renew_on).min(observe_on)).await;
        }
    }

    /// Renews the leases of this process's runs.
    async fn renew_leases(&mut self) -> Renewal {
        let began_on = Instant::now();
        let heartbeats = self.active_runs.heartbeats();
        if heartbeats.is_empty() {
            return Renewal::Complete;
        }
        // The runs stop in time, also if the database does not answer. A process that was suspended tries
        // first.
        let oldest = self.active_runs.oldest_confirmation().unwrap_or(began_on);
        let until = (oldest + self.lease).max(began_on + self.lease / 6);
        let renewed = time::timeout_at(until, self.send(&heartbeats)).await;
        leases_renewed(began_on.elapsed());
        match renewed {
            Ok(Ok(replies)) => {
                self.active_runs.apply_replies(&heartbeats, &replies, began_on);
                let is_complete = replies.iter().all(|reply| reply.is_renewed);
                if is_complete { Renewal::Complete } else { Renewal::Incomplete }
            }
            Ok(Err(_)) | Err(_) => {
                if self.can_be_taken_over {
                    self.active_runs.fence_unconfirmed(self.lease);
                }
                Renewal::Failed
            }
        }
    }

    /// Sends the heartbeats. If the database refuses to write, reads which of the runs still belong to this
    /// process: it refuses to write for every process.
    async fn send(&self, heartbeats: &[Heartbeat]) -> Result<Vec<HeartbeatReply>, StoreError> {
        let lease = self.lease;
        let renew = |store: Store| async move { store.heartbeat(heartbeats, lease).await };
        match self.connection.run("renew the leases of a worker", renew).await {
            Ok(replies) => Ok(replies),
            Err(error) => {
                self.warn(&error, "could not renew the leases; retrying");
                let runs = heartbeats.iter().map(|report| (report.id, report.attempt));
                let read = |store: Store| async move { store.held(runs).await };
                self.between_renewals("read the runs of a worker", read).await
            }
        }
    }

    fn wait_after(&self, renewal: Renewal) -> Duration {
        match renewal {
            Renewal::Complete => self.lease / 3,
            Renewal::Incomplete | Renewal::Failed => self.retry_after(),
        }
    }

    async fn append_to_logs(&mut self, runs: LoggingRuns) {
        let (active_runs, connection) = (&self.active_runs, &self.log_connection);
        let time = self.lease / 6;
        let appended = run_logs::append(active_runs, runs, self.log_limits, connection, time).await;
        self.has_failed_to_log = appended.is_err();
        if let Err(error) = appended {
            self.warn(&error, "could not append to the logs of runs; keeping the lines in memory");
        }
    }

    async fn poll_cancel_requests(&self) {
        let ids = self.active_runs.ids();
        if ids.is_empty() {
            return;
        }
        let read = |store: Store| async move { store.cancel_requests(ids).await };
        match self.between_renewals("read the cancel requests", read).await {
            Ok(runs) => runs.into_iter().for_each(|(id, attempt)| {
                self.active_runs.cancel(id, attempt);
            }),
            Err(error) => self.warn(&error, "could not read the cancel requests; retrying"),
        }
    }

    /// Observes the leases of all processes, and has expired ones rescued. Returns the wait before the next
    /// observation.
    async fn observe_leases(&mut self) -> Duration {
        match self.observe().await {
            Ok(expired) => {
                self.rescues.begin(expired);
                self.expiry.interval()
            }
            Err(error) => {
                self.warn(
                    &error,
                    "could not observe the leases; observing every lease from the beginning",
                );
                self.expiry.reset();
                self.retry_after()
            }
        }
    }

    async fn observe(&mut self) -> Result<Vec<Lease>, StoreError> {
        let worker = self.active_runs.worker.clone();
        let read = |store: Store| async move { store.leases(&worker).await };
        let mut leases = self.between_renewals("read the leases", read).await?;
        self.report_orphans(&leases);
        // This process renews its own leases, and stops their runs if it cannot.
        leases.retain(|lease| !(lease.is_own && self.active_runs.is_running(lease.id)));
        let unchanged = self.expiry.unchanged(&leases);
        let renewable = if unchanged.is_empty() {
            HashSet::new()
        } else {
            let check = |store: Store| async move { store.updatable(unchanged).await };
            let checked = self.between_renewals("check that leases can be renewed", check).await;
            checked.unwrap_or_else(|error| {
                self.warn(
                    &error,
                    "could not check that leases can be renewed; counting none as expired",
                );
                HashSet::new()
            })
        };
        Ok(self.expiry.observe(leases, &renewable))
    }

    /// Notifies the worker of operations that this process has claimed and does not run: the database
    /// executed a claim after the worker had given the answer up.
    fn report_orphans(&mut self, leases: &[Lease]) {
        let own = leases.iter().filter(|lease| lease.is_own);
        let own: HashSet<_> = own.map(|lease| (lease.id, lease.attempt)).collect();
        self.active_runs.retain_fenced(&own);
        let is_orphan = |run: &(OperationId, Attempt)| {
            !self.active_runs.is_running(run.0) && !self.active_runs.is_fenced(run.0, run.1)
        };
        let orphans: HashSet<_> = own.into_iter().filter(is_orphan).collect();
        // In two observations: a claim whose answer just arrived has not begun yet.
        if orphans.iter().any(|run| self.orphans.contains(run)) {
            self.active_runs.check_claims();
            self.active_runs.wake.notify_one();
        }
        self.orphans = orphans;
    }

    /// Runs `work` with a deadline that leaves time for the next renewal.
    async fn between_renewals<T, Work>(
        &self,
        action: &'static str,
        work: impl FnOnce(Store) -> Work,
    ) -> Result<T, StoreError>
    where
        Work: Future<Output = Result<T, StoreError>>,
    {
        self.connection.run_within(self.lease / 6, action, work).await
    }

    fn warn(&self, error: &StoreError, message: &str) {
        let (worker, error) = (&self.active_runs.worker, error as &dyn std::error::Error);
        tracing::warn!(worker, error, "{message}");
    }

    fn retry_after(&self) -> Duration {
        RETRY_AFTER.min(self.poll_interval)
    }
}
