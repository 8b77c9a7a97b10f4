//! The worker: claims waiting operations and starts their attempts.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{self, Instant},
};

use crate::{
    metrics::{GaugeGuard, claim_failed, claimed, worker_slots},
    operation::UserId,
    panic::CatchPanic,
    runner::{
        WakeUp,
        attempt::{
            active_runs::ActiveRuns, database_backoff::DatabaseBackoff, execution::Executor,
            running_attempt::RunningAttempt,
        },
        engine::Engine,
    },
    store::{Claim, Model, OwnerLimits, OwnerTurn, Store, StoreError},
};

/// Maximum number of operations per claim.
const CLAIM_LEN_MAX: usize = 64;

impl Engine {
    /// Starts the worker of this process, unless it runs already. The worker stops with the
    /// application.
    pub(in crate::runner) fn ensure_worker(self: &Arc<Self>) {
        self.ensure_lease_heartbeat();
        self.ensure_dispatcher();
        self.active_runs.worker_start.call_once(|| {
            self.count_waiting_operations();
            let worker = Worker {
                engine: Arc::downgrade(self),
                active_runs: self.active_runs.clone(),
                poll_interval: self.config.poll_interval,
                turn: OwnerTurn::default(),
                has_owner_at_limit: Arc::default(),
                _slots: worker_slots(self.config.concurrency_max),
            };
            self.active_runs.tasks.spawn(worker.work());
        });
    }
}

struct Worker {
    /// Weak: the worker must not keep a dropped application alive.
    engine: Weak<Engine>,
    active_runs: Arc<ActiveRuns>,
    poll_interval: Duration,
    turn: OwnerTurn,
    /// Set while an owner runs as many operations as allowed, as far as the last claim knows. More may wait, and the
    /// next end of a run makes room for one.
    has_owner_at_limit: Arc<AtomicBool>,
    _slots: GaugeGuard,
}

impl Worker {
    async fn work(self) {
        // A closed semaphore means that no more runs may start.
        while let Ok(slots) = self.free_slots().await {
            let Some(engine) = self.engine.upgrade() else { return };
            let ticket = self.active_runs.polls.asked();
            let is_full = match self.fill(&engine, slots).await {
                Ok(is_full) => {
                    self.active_runs.polls.answer(ticket);
                    is_full
                }
                Err(error) => {
                    claim_failed();
                    let worker = &self.active_runs.worker;
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        worker,
                        error,
                        "could not claim operations; retrying at the next poll"
                    );
                    // The database may have executed the claim nevertheless.
                    self.active_runs.check_claims();
                    false
                }
            };
            drop(engine);
            if !is_full {
                self.idle().await;
            }
        }
        if self.active_runs.take_unknown_claims() {
            let Some(engine) = self.engine.upgrade() else { return };
            self.put_back_unknown_claims(&engine).await;
        }
    }

    /// Waits for a free worker slot. Returns the free slots, at most [`CLAIM_LEN_MAX`].
    async fn free_slots(&self) -> Result<OwnedSemaphorePermit, tokio::sync::AcquireError> {
        let mut slots = self.active_runs.slots.clone().acquire_owned().await?;
        let free = self.active_runs.slots.available_permits().min(CLAIM_LEN_MAX - 1);
        let more = u32::try_from(free).unwrap_or(0);
        if let Ok(more) = self.active_runs.slots.clone().try_acquire_many_owned(more) {
            slots.merge(more);
        }
        Ok(slots)
    }

    /// Claims and starts operations, at most one for each slot. Returns `true` if no slot is left, or if an owner has
    /// left the limit meanwhile: the next claim may find more.
    async fn fill(
        &self,
        engine: &Arc<Engine>,
        mut slots: OwnedSemaphorePermit,
    ) -> Result<bool, StoreError> {
        let limit = slots.num_permits();
        let is_incomplete = self.active_runs.take_unknown_claims();
        let mut rows = if is_incomplete { self.unknown_claims(engine).await? } else { vec![] };
        let running_max = engine.config.running_of_owner_max() as u64;
        let mut running = self.active_runs.running_by_owner();
        if rows.is_empty() {
            let claim = Claim {
                inputs: &engine.registry.readable_inputs(),
                queues: &engine.config.queues,
                worker: &self.active_runs.worker,
                lease: engine.config.lease,
                limit: limit as u64,
                owners: OwnerLimits { running_max, running: &running, turn: &self.turn },
            };
            let started_on = Instant::now();
            let claim_next = |store: Store| async move { store.claim_next(claim).await };
            rows = engine.claim_connection.run("claim operations", claim_next).await?;
            claimed(started_on.elapsed());
        }
        if self.active_runs.closing.is_cancelled() {
            put_back(engine, rows).await;
            return Ok(false);
        }
        let is_full = rows.len() >= limit;
        for row in &rows {
            *running.entry(row.owner_id()).or_default() += 1;
        }
        running.retain(|_, count| *count >= running_max);
        self.has_owner_at_limit.store(!running.is_empty(), Ordering::Release);
        for row in rows {
            let slot = slots.split(1);
            // Registered at once: an unregistered run would look like a claim whose answer was lost.
            let run = RunningAttempt::begin(engine.clone(), row, Executor::Threads);
            let Some(run) = run else { continue };
            let (op_type, id, attempt) = (run.active.kind.op_type, run.id, run.attempt);
            let (active_runs, has_owner_at_limit) =
                (self.active_runs.clone(), self.has_owner_at_limit.clone());
            self.active_runs.tasks.spawn(async move {
                if let Err(panicked) = CatchPanic::new(run.run_to_completion()).await {
                    tracing::error!(
                        op_type,
                        %id,
                        %attempt,
                        %panicked,
                        "supervision of a run panicked; the operation is rescued when its lease expires"
                    );
                }
                drop(slot);
                if has_owner_at_limit.load(Ordering::Acquire) {
                    active_runs.wake.notify_one();
                }
            });
        }
        Ok(is_full || self.have_left_the_limit(&running, running_max))
    }

    /// Returns `true` if one of these owners no longer runs as many operations as allowed.
    fn have_left_the_limit(&self, owners: &HashMap<UserId, u64>, running_max: u64) -> bool {
        let running = (!owners.is_empty()).then(|| self.active_runs.running_by_owner());
        running.is_some_and(|running| {
            owners.keys().any(|owner| running.get(owner).is_none_or(|count| *count < running_max))
        })
    }

    /// Returns the operations of a claim whose answer was lost.
    async fn unknown_claims(&self, engine: &Engine) -> Result<Vec<Model>, StoreError> {
        let (worker, lease) = (&self.active_runs.worker, engine.config.lease);
        let reclaim = |store: Store| async move {
            let mut rows = Vec::new();
            for row in store.claimed_by(worker).await? {
                let (id, attempt) = (row.operation_id(), row.attempt_number());
                // A run is unregistered only after it has ended, so a claimed operation without an entry
                // is not running. A run without an ending has begun, and must not begin again.
                if !self.active_runs.is_running(id) && !self.active_runs.is_fenced(id, attempt) {
                    rows.extend(store.reclaim(id, attempt, lease).await?);
                }
            }
            Ok(rows)
        };
        engine.claim_connection.run("read the claims of a worker", reclaim).await
    }

    /// Puts the operations of a claim whose answer was lost during the shutdown back into the queue.
    async fn put_back_unknown_claims(&self, engine: &Engine) {
        let mut backoff = DatabaseBackoff::new(engine);
        loop {
            match self.unknown_claims(engine).await {
                Ok(rows) => return put_back(engine, rows).await,
                Err(error) if backoff.wait_before_retry(&error).await => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for a wake-up, the next poll or the shutdown.
    async fn idle(&self) {
        tokio::select! {
            () = self.active_runs.wake.notified() => {}
            () = time::sleep(self.poll_interval) => {}
            () = self.active_runs.closing.cancelled() => {}
        }
    }
}

/// Puts operations that were claimed during the shutdown back into the queue. None of them has started, so
/// they do not count as handed back.
///
/// An operation that the database refuses to write does not keep the others.
async fn put_back(engine: &Engine, mut rows: Vec<Model>) {
    let mut backoff = DatabaseBackoff::new(engine);
    while !rows.is_empty() {
        let (mut wake_ups, mut refused) = (Vec::new(), Vec::new());
        let mut failure = None;
        for row in rows {
            let (id, attempt) = (row.operation_id(), row.attempt_number());
            let put_back = |store: Store| async move { store.put_back(id, attempt).await };
            match engine.claim_connection.run("put a claimed operation back", put_back).await {
                Ok(row) => wake_ups.extend(row.as_ref().and_then(WakeUp::of)),
                Err(error) => {
                    failure = Some(error);
                    refused.push(row);
                }
            }
        }
        if !wake_ups.is_empty() {
            engine.wake_workers(wake_ups).await;
        }
        let Some(error) = failure else { return };
        if !backoff.wait_before_retry(&error).await {
            return;
        }
        rows = refused;
    }
}
