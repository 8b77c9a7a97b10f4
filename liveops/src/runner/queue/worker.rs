//! What claims the operations that wait and has them executed.

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
        attempt::{active_runs::ActiveRuns, running_attempt::RunningAttempt},
        engine::Engine,
    },
    store::{Claim, Model, StoreError},
};

/// How many operations are claimed at once at most.
const CLAIM_LEN_MAX: usize = 64;

impl Engine {
    /// Has this process execute what waits in the queue, for as long as there is anybody who could
    /// enqueue something.
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
    /// Weak, as an application that is dropped shall not be kept by its worker.
    engine: Weak<Engine>,
    active_runs: Arc<ActiveRuns>,
    poll_interval: Duration,
    /// Whether a claim failed, and may have been made all the same.
    has_unknown_claims: bool,
    _slots: GaugeGuard,
}

impl Worker {
    async fn work(mut self) {
        // A closed semaphore says that no more shall start.
        while let Ok(slots) = self.free_slots().await {
            let Some(engine) = self.engine.upgrade() else { return };
            let asked = self.active_runs.polls.asked();
            let is_full = match self.fill(&engine, slots).await {
                Ok(is_full) => {
                    self.active_runs.polls.answer(asked);
                    is_full
                }
                Err(error) => {
                    claim_failed();
                    tracing::error!(error = &error as &dyn std::error::Error, "failed to claim");
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

    /// The places that are free, of which there is at least one.
    async fn free_slots(&self) -> Result<OwnedSemaphorePermit, tokio::sync::AcquireError> {
        let mut slots = self.active_runs.slots.clone().acquire_owned().await?;
        let free = self.active_runs.slots.available_permits().min(CLAIM_LEN_MAX - 1);
        let more = u32::try_from(free).unwrap_or(0);
        if let Ok(more) = self.active_runs.slots.clone().try_acquire_many_owned(more) {
            slots.merge(more);
        }
        Ok(slots)
    }

    /// Fills these places as far as there is something to run, and tells whether they are full.
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
            let asked_on = Instant::now();
            rows = engine.store.claim_next(claim).await?;
            claimed(asked_on.elapsed());
        }
        if self.active_runs.closing.is_cancelled() {
            put_back(engine, rows).await?;
            return Ok(false);
        }
        let is_full = rows.len() >= limit;
        for row in rows {
            let slot = slots.split(1);
            // Listed before anything else happens, or it might look like a claim nobody knows of.
            let Some(run) = RunningAttempt::begin(engine.clone(), row) else { continue };
            self.active_runs.tasks.spawn(async move {
                run.run_to_completion().await;
                drop(slot);
            });
        }
        Ok(is_full)
    }

    /// What a claim took whose answer got lost.
    async fn unknown_claims(&self, engine: &Engine) -> Result<Vec<Model>, StoreError> {
        let mut rows = Vec::new();
        for row in engine.store.claimed_by(&self.active_runs.worker).await? {
            let (id, attempt) = (row.operation_id(), row.attempt_number());
            if self.active_runs.is_running(id) {
                continue;
            }
            // A run leaves the list after it ended: whatever is not listed and still runs is not run.
            rows.extend(engine.store.reclaim(id, attempt, engine.config.lease).await?);
        }
        Ok(rows)
    }

    /// Waits until there may be something to claim.
    async fn idle(&self) {
        tokio::select! {
            () = self.active_runs.wake.notified() => {}
            () = time::sleep(self.poll_interval) => {}
            () = self.active_runs.closing.cancelled() => {}
        }
    }
}

/// Puts back what was claimed while the process was told to stop: nothing of it has begun.
async fn put_back(engine: &Engine, rows: Vec<Model>) -> Result<(), StoreError> {
    let mut wake_ups = Vec::new();
    for row in &rows {
        let row = engine.store.hand_back(row.operation_id(), row.attempt_number()).await?;
        wake_ups.extend(row.as_ref().and_then(WakeUp::of));
    }
    if !wake_ups.is_empty() {
        engine.wake_workers(wake_ups).await;
    }
    Ok(())
}
