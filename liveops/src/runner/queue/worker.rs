//! The worker: claims waiting operations and starts their attempts.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{self, Instant},
};

use crate::{
    metrics::{GaugeGuard, claim_failed, claimed, worker_slots},
    runner::{
        WakeUp,
        attempt::{active_runs::ActiveRuns, execution::Executor, running_attempt::RunningAttempt},
        engine::Engine,
    },
    store::{Claim, Model, StoreError},
};

/// Maximum number of operations per claim.
const CLAIM_LEN_MAX: usize = 64;

impl Engine {
    /// Starts the worker of this process, unless it runs already. The worker stops with the
    /// application.
    pub(in crate::runner) fn ensure_worker(self: &Arc<Self>) {
        self.ensure_lease_heartbeat();
        self.active_runs.worker_start.call_once(|| {
            let worker = Worker {
                engine: Arc::downgrade(self),
                active_runs: self.active_runs.clone(),
                poll_interval: self.config.poll_interval,
                has_unknown_claims: false,
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
    /// `true` after a failed claim, which the database may have executed nevertheless.
    has_unknown_claims: bool,
    _slots: GaugeGuard,
}

impl Worker {
    async fn work(mut self) {
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
                    self.has_unknown_claims = true;
                    false
                }
            };
            drop(engine);
            if !is_full {
                self.idle().await;
            }
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

    /// Claims and starts operations, at most one for each slot. Returns `true` if no slot is left.
    async fn fill(
        &mut self,
        engine: &Arc<Engine>,
        mut slots: OwnedSemaphorePermit,
    ) -> Result<bool, StoreError> {
        let limit = slots.num_permits();
        let mut rows =
            if self.has_unknown_claims { self.unknown_claims(engine).await? } else { vec![] };
        self.has_unknown_claims = false;
        if rows.is_empty() {
            let claim = Claim {
                op_types: &engine.registry.op_types(),
                queues: &engine.config.queues,
                worker: &self.active_runs.worker,
                lease: engine.config.lease,
                limit: limit as u64,
            };
            let started_on = Instant::now();
            rows = engine.store.claim_next(claim).await?;
            claimed(started_on.elapsed());
        }
        if self.active_runs.closing.is_cancelled() {
            put_back(engine, rows).await?;
            return Ok(false);
        }
        let is_full = rows.len() >= limit;
        for row in rows {
            let slot = slots.split(1);
            // Registered at once: an unregistered run would look like a claim whose answer was lost.
            let run = RunningAttempt::begin(engine.clone(), row, Executor::OwnThread);
            let Some(run) = run else { continue };
            self.active_runs.tasks.spawn(async move {
                run.run_to_completion().await;
                drop(slot);
            });
        }
        Ok(is_full)
    }

    /// Returns the operations of a claim whose answer was lost.
    async fn unknown_claims(&self, engine: &Engine) -> Result<Vec<Model>, StoreError> {
        let mut rows = Vec::new();
        for row in engine.store.claimed_by(&self.active_runs.worker).await? {
            let (id, attempt) = (row.operation_id(), row.attempt_number());
            if self.active_runs.is_running(id) {
                continue;
            }
            // A run is unregistered only after it has ended, so a claimed operation without an entry is
            // not running.
            rows.extend(engine.store.reclaim(id, attempt, engine.config.lease).await?);
        }
        Ok(rows)
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
async fn put_back(engine: &Engine, rows: Vec<Model>) -> Result<(), StoreError> {
    let mut wake_ups = Vec::new();
    for row in &rows {
        let row = engine.store.put_back(row.operation_id(), row.attempt_number()).await?;
        wake_ups.extend(row.as_ref().and_then(WakeUp::of));
    }
    if !wake_ups.is_empty() {
        engine.wake_workers(wake_ups).await;
    }
    Ok(())
}
