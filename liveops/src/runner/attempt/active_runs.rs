//! The runs of this process, and the signals that control them.

use std::{
    collections::{HashMap, HashSet},
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use super::{execution::Executor, run_threads::RunThreads};
use crate::{
    operation::{Attempt, OperationId, OperationKind, UserId},
    progress::Report,
    projection::{LogChunk, LogQueue, LogSize, Projection},
    runner::{queue::poll_tracker::PollTracker, random_hex},
    store::{Heartbeat, HeartbeatReply, LogAppend},
};

/// The runs of this process, shared by its worker, heartbeat and pages.
#[derive(Debug)]
pub(crate) struct ActiveRuns {
    /// Name under which this process claims operations. Unique, also after a restart of the process.
    pub(in crate::runner) worker: String,
    /// The worker slots, one per run. Closed when no more runs may start.
    pub(in crate::runner) slots: Arc<Semaphore>,
    /// Notified when operations may be waiting in the queue.
    pub(in crate::runner) wake: Notify,
    pub(in crate::runner) polls: PollTracker,
    pub(in crate::runner) tasks: TaskTracker,
    run_threads: RunThreads,
    /// Cancelled when the process stops claiming operations.
    pub(in crate::runner) closing: CancellationToken,
    /// Cancelled when the runs have to go back into the queue.
    pub(in crate::runner) stop: CancellationToken,
    /// Cancelled when the runs have ended, to stop the background tasks.
    pub(in crate::runner) shut_down: CancellationToken,
    pub(in crate::runner) worker_start: Once,
    pub(in crate::runner) heartbeat_start: Once,
    pub(in crate::runner) notifications_start: Once,
    /// `true` if this process may have claimed operations without an answer.
    has_unknown_claims: AtomicBool,
    /// The runs that this process has begun and left without an ending: it could not renew their leases, or
    /// their supervision panicked. Their rows look like claims whose answers were lost, and must not begin
    /// them again.
    fenced: Mutex<HashSet<(OperationId, Attempt)>>,
    runs: Mutex<HashMap<OperationId, Entry>>,
    registrations: TaskTracker,
}

/// A registered run.
#[derive(Debug)]
struct Entry {
    run: Arc<ActiveRun>,
    _registration: TaskTrackerToken,
}

/// One run of this process, as other tasks access it.
#[derive(Debug)]
pub(in crate::runner) struct ActiveRun {
    pub(in crate::runner) attempt: Attempt,
    pub(in crate::runner) kind: OperationKind,
    pub(in crate::runner) report: Arc<Report>,
    pub(in crate::runner) owner: UserId,
    /// The name of the owner's language.
    pub(in crate::runner) language: String,
    /// Cancelled when another worker has taken the operation over, or may have done so.
    pub(in crate::runner) lost: CancellationToken,
    lease: Mutex<LeaseConfirmation>,
    /// `true` when the run is over: its end may be in the row at any time.
    is_over: AtomicBool,
}

/// The last time at which the database confirmed that a run belongs to this process.
#[derive(Debug)]
struct LeaseConfirmation {
    on: Instant,
    /// The number of failed heartbeats since then.
    failures: u32,
}

/// The runs whose lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum LoggingRuns {
    All,
    /// The runs that have logged so much that their lines should not wait for the next heartbeat.
    WithLargeQueues,
}

impl ActiveRun {
    /// Creates the entry of a run that was just claimed.
    pub(in crate::runner) fn new(
        attempt: Attempt,
        kind: OperationKind,
        report: Arc<Report>,
        owner: UserId,
        language: String,
    ) -> Self {
        let lease = Mutex::new(LeaseConfirmation { on: Instant::now(), failures: 0 });
        let (lost, is_over) = (CancellationToken::new(), AtomicBool::new(false));
        Self { attempt, kind, report, owner, language, lost, lease, is_over }
    }

    /// Records that the run is over. Call before the first write of its end.
    pub(in crate::runner) fn mark_over(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Returns `true` if the row belongs to this run: the run is not over, and the database has confirmed the
    /// lease within its duration.
    fn owns_row(&self, lease: Duration) -> bool {
        !self.is_over.load(Ordering::Acquire)
            && !self.lost.is_cancelled()
            && lock(&self.lease).on.elapsed() < lease
    }

    /// Records that the run belonged to this process at this time.
    fn confirm(&self, on: Instant) {
        *lock(&self.lease) = LeaseConfirmation { on, failures: 0 };
    }

    /// Records a failed heartbeat. Returns `true` if the lease may have expired: nothing confirmed it for
    /// its whole duration. A single failure is not enough, because a process that was suspended has not
    /// tried.
    fn is_unconfirmed_for(&self, lease: Duration) -> bool {
        let mut confirmed = lock(&self.lease);
        confirmed.failures += 1;
        confirmed.failures > 1 && confirmed.on.elapsed() >= lease
    }
}

impl ActiveRuns {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            worker: format!("pid-{}-{}", std::process::id(), random_hex()),
            slots: Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS))),
            wake: Notify::new(),
            polls: PollTracker::new(slots),
            tasks: TaskTracker::new(),
            run_threads: RunThreads::new(),
            closing: CancellationToken::new(),
            stop: CancellationToken::new(),
            shut_down: CancellationToken::new(),
            worker_start: Once::new(),
            heartbeat_start: Once::new(),
            notifications_start: Once::new(),
            has_unknown_claims: AtomicBool::new(false),
            fenced: Mutex::default(),
            runs: Mutex::default(),
            registrations: TaskTracker::new(),
        }
    }

    /// Asks the run of this attempt to stop. Returns `false` if this process does not run the attempt: a
    /// request for an earlier attempt has no effect on a later one.
    pub(crate) fn cancel(&self, id: OperationId, attempt: Attempt) -> bool {
        let run = self.find(id).filter(|run| run.attempt == attempt);
        run.inspect(|run| run.report.cancel()).is_some()
    }

    /// Returns the live projection of this operation; `None` if this process does not run the
    /// operation.
    pub(crate) fn projection(&self, id: OperationId) -> Option<Projection> {
        self.find(id).map(|run| run.report.projection())
    }

    /// Returns the lines of this operation that are not in the database; `None` if this process does not run the
    /// operation.
    pub(crate) fn unwritten_log(&self, id: OperationId) -> Option<Vec<Arc<LogChunk>>> {
        self.find(id).map(|run| run.report.log_queue(LogQueue::chunks))
    }

    /// Returns the run of this operation, if this process runs the operation and no other process can have taken
    /// it over.
    pub(in crate::runner) fn owner_of_row(
        &self,
        id: OperationId,
        lease: Duration,
    ) -> Option<Arc<ActiveRun>> {
        self.find(id).filter(|run| run.owns_row(lease))
    }

    /// Registers a run until [`deregister`](ActiveRunGuard::deregister), or until every clone of the guard
    /// is dropped.
    pub(in crate::runner) fn register(
        self: &Arc<Self>,
        id: OperationId,
        run: ActiveRun,
    ) -> Arc<ActiveRunGuard> {
        let run = Arc::new(run);
        let entry = Entry { run: run.clone(), _registration: self.registrations.token() };
        self.runs().insert(id, entry);
        self.polls.run_started();
        Arc::new(ActiveRunGuard { active_runs: self.clone(), id, run, deregistration: Once::new() })
    }

    /// Waits until this process has ended all its tasks and executes no run. The runtime of the application
    /// may be gone before the threads of the runs are.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(in crate::runner) async fn ended(&self) {
        for ended in [&self.tasks, &self.registrations] {
            ended.close();
            ended.wait().await;
        }
    }

    /// Returns `true` if this process starts no more operations.
    #[cfg(feature = "cli")]
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Returns `true` if no run and no worker of this process is active.
    #[cfg(feature = "cli")]
    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Executes code of the application that belongs to no run.
    pub(in crate::runner) fn execute(
        &self,
        executor: Executor,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        match executor {
            Executor::Task => drop(tokio::spawn(work)),
            Executor::Threads => self.run_threads.spawn(work),
        }
    }

    /// Returns the operations that this process runs.
    pub(in crate::runner) fn ids(&self) -> Vec<OperationId> {
        self.runs().keys().copied().collect()
    }

    /// Returns the number of operations of each owner that this process runs.
    pub(in crate::runner) fn running_by_owner(&self) -> HashMap<UserId, u64> {
        let mut running = HashMap::new();
        for entry in self.runs().values() {
            *running.entry(entry.run.owner.clone()).or_default() += 1;
        }
        running
    }

    pub(in crate::runner) fn is_running(&self, id: OperationId) -> bool {
        self.runs().contains_key(&id)
    }

    /// Returns the time since which the database has confirmed every run; `None` without a run.
    pub(in crate::runner) fn oldest_confirmation(&self) -> Option<Instant> {
        self.runs().values().map(|entry| lock(&entry.run.lease).on).min()
    }

    /// Has the worker check at its next poll for operations that it claimed without an answer.
    pub(in crate::runner) fn check_claims(&self) {
        self.has_unknown_claims.store(true, Ordering::Release);
    }

    /// Returns `true` once after [`check_claims`](Self::check_claims).
    pub(in crate::runner) fn take_unknown_claims(&self) -> bool {
        self.has_unknown_claims.swap(false, Ordering::AcqRel)
    }

    /// Stops the runs whose leases nothing has confirmed for a whole lease. For use after a failed
    /// heartbeat.
    pub(in crate::runner) fn fence_unconfirmed(&self, lease: Duration) {
        for (id, run) in self.all() {
            if run.lost.is_cancelled() || !run.is_unconfirmed_for(lease) {
                continue;
            }
            lock(&self.fenced).insert((id, run.attempt));
            tracing::warn!(
                op_type = run.kind.op_type,
                %id,
                attempt = %run.attempt,
                "could not reach the database for a whole lease; stopping the run, because another \
                 worker may have taken it over"
            );
            run.lost.cancel();
        }
    }

    /// Returns `true` if this process has begun the run and left it without an ending.
    pub(in crate::runner) fn is_fenced(&self, id: OperationId, attempt: Attempt) -> bool {
        lock(&self.fenced).contains(&(id, attempt))
    }

    /// Forgets the runs without an ending that are not in `own`, the runs of this process by their rows.
    pub(in crate::runner) fn retain_fenced(&self, own: &HashSet<(OperationId, Attempt)>) {
        lock(&self.fenced).retain(|run| own.contains(run));
    }

    /// Returns the heartbeats of all runs, with their status and percentage.
    pub(in crate::runner) fn heartbeats(&self) -> Vec<Heartbeat> {
        let heartbeats = self.all().into_iter().map(|(id, run)| {
            run.report.read(|projection| {
                let percent = projection.percent(run.kind.stage_weights);
                Heartbeat { id, attempt: run.attempt, status: projection.status.clone(), percent }
            })
        });
        heartbeats.collect()
    }

    /// Returns the lines of these runs that are not in the database. Leaves out the runs that are over: their end contains
    /// their lines.
    pub(in crate::runner) fn unwritten_logs(&self, runs: LoggingRuns) -> Vec<LogAppend> {
        let is_written =
            |run: &ActiveRun| !run.is_over.load(Ordering::Acquire) && !run.lost.is_cancelled();
        let mut appends = Vec::new();
        for (id, run) in self.all().into_iter().filter(|(_, run)| is_written(run)) {
            let chunks = run.report.log_queue(|queue| {
                let is_due = runs == LoggingRuns::All || queue.is_large();
                if is_due { queue.chunks() } else { Vec::new() }
            });
            let attempt = run.attempt;
            appends.extend(chunks.into_iter().map(|chunk| LogAppend { id, attempt, chunk }));
        }
        appends
    }

    /// Records that the database has those of these chunks that are in `written`, each with the number of its first line.
    pub(in crate::runner) fn log_written(
        &self,
        appends: &[LogAppend],
        written: &[(OperationId, u64)],
    ) {
        let written: HashSet<_> = written.iter().collect();
        let mut chunks: HashMap<_, Vec<_>> = HashMap::new();
        for LogAppend { id, attempt, chunk } in appends {
            if written.contains(&(*id, chunk.first)) {
                chunks.entry((*id, *attempt)).or_default().push(chunk.clone());
            }
        }
        for ((id, attempt), chunks) in chunks {
            if let Some(run) = self.find(id).filter(|run| run.attempt == attempt) {
                run.report.log_queue(|queue| queue.remove_written(&chunks));
            }
        }
    }

    /// Returns the operations whose logs in the database are above their limits.
    pub(in crate::runner) fn logs_above_limits(&self) -> Vec<OperationId> {
        let mut all = self.all();
        all.retain(|(_, run)| run.report.log_queue(|queue| queue.is_stored_above_limits()));
        all.into_iter().map(|(id, _)| id).collect()
    }

    /// Records that the database has deleted lines of a log.
    pub(in crate::runner) fn log_shortened(&self, id: OperationId, deleted: LogSize) {
        if let Some(run) = self.find(id) {
            run.report.log_queue(|queue| queue.remove_deleted(deleted));
        }
    }

    /// Passes the replies of the store on to the runs. `asked_on` is the time of the heartbeats. A run
    /// without a reply has lost its lease.
    pub(in crate::runner) fn apply_replies(
        &self,
        heartbeats: &[Heartbeat],
        replies: &[HeartbeatReply],
        asked_on: Instant,
    ) {
        let answers: HashMap<_, _> = replies.iter().map(|answer| (answer.id, *answer)).collect();
        for heartbeat in heartbeats {
            let Some(run) = self.find(heartbeat.id).filter(|run| run.attempt == heartbeat.attempt)
            else {
                continue;
            };
            match answers.get(&heartbeat.id) {
                None => run.lost.cancel(),
                Some(answer) => {
                    run.confirm(asked_on);
                    if answer.cancel_requested {
                        run.report.cancel();
                    }
                }
            }
        }
    }

    fn find(&self, id: OperationId) -> Option<Arc<ActiveRun>> {
        self.runs().get(&id).map(|entry| entry.run.clone())
    }

    fn all(&self) -> Vec<(OperationId, Arc<ActiveRun>)> {
        self.runs().iter().map(|(id, entry)| (*id, entry.run.clone())).collect()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<OperationId, Entry>> {
        lock(&self.runs)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The registration of a run. The attempt has it, and the threads that execute code of the run: the lease is
/// renewed until the attempt has ended or, if the attempt panics or the runtime of the application drops it,
/// until these threads have. Such an attempt does not begin again in this process.
#[derive(Debug)]
pub(in crate::runner) struct ActiveRunGuard {
    active_runs: Arc<ActiveRuns>,
    id: OperationId,
    run: Arc<ActiveRun>,
    deregistration: Once,
}

impl ActiveRunGuard {
    /// Returns the threads that poll the runs of this process.
    pub(in crate::runner) fn run_threads(&self) -> RunThreads {
        self.active_runs.run_threads.clone()
    }

    /// Removes the registration of an attempt that has ended.
    pub(in crate::runner) fn deregister(&self) {
        self.deregistration.call_once(|| {
            let mut runs = self.active_runs.runs();
            // A later attempt of the same operation may have replaced the entry.
            if runs.get(&self.id).is_some_and(|entry| Arc::ptr_eq(&entry.run, &self.run)) {
                runs.remove(&self.id);
            }
            drop(runs);
            self.active_runs.polls.run_ended();
        });
    }
}

impl Deref for ActiveRunGuard {
    type Target = ActiveRun;

    fn deref(&self) -> &ActiveRun {
        &self.run
    }
}

impl Drop for ActiveRunGuard {
    fn drop(&mut self) {
        if !self.deregistration.is_completed() {
            lock(&self.active_runs.fenced).insert((self.id, self.run.attempt));
        }
        self.deregister();
    }
}
