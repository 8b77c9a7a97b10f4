//! Eager execution: operations run during the call that enqueues them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time;

use super::{
    execution::Executor,
    running_attempt::{NextStep, RunningAttempt},
};
use crate::{
    operation::OperationId,
    runner::engine::Engine,
    store::{Claim, OwnerLimits, OwnerTurn},
};

/// Runs an operation to its end, including later attempts and chained operations.
pub(in crate::runner) async fn run_to_completion(engine: &Arc<Engine>, id: OperationId) {
    engine.ensure_lease_heartbeat();
    let next_step = run_once(engine, id).await;
    run_until_done(engine, id, next_step).await;
    engine.dispatch_all_due().await;
}

/// Runs every waiting operation to its end, one after another.
pub(in crate::runner) async fn run_queued(engine: &Arc<Engine>) {
    engine.ensure_lease_heartbeat();
    // A closed semaphore means that the process is shutting down.
    while let Ok(slot) = engine.active_runs.slots.acquire().await {
        let Some(run) = claim_next(engine).await else { break };
        let id = run.id;
        let next_step = run.run_to_completion().await;
        drop(slot);
        run_until_done(engine, id, next_step).await;
    }
    engine.dispatch_all_due().await;
}

async fn run_until_done(engine: &Arc<Engine>, mut id: OperationId, mut next_step: NextStep) {
    loop {
        match next_step {
            NextStep::Done => return,
            NextStep::Chained(next) => id = next,
            NextStep::NextAttempt(on) => time::sleep(until(on)).await,
        }
        next_step = run_once(engine, id).await;
    }
}

async fn claim_next(engine: &Arc<Engine>) -> Option<RunningAttempt> {
    let claim = Claim {
        inputs: &engine.registry.readable_inputs(),
        queues: &engine.config.queues,
        worker: &engine.active_runs.worker,
        lease: engine.config.lease,
        limit: 1,
        // Claims one operation at a time, so an owner delays another owner only for the duration of one operation.
        owners: OwnerLimits {
            running_max: u64::MAX,
            running: &HashMap::new(),
            turn: &OwnerTurn::default(),
        },
    };
    let row = engine.store.claim_next(claim).await.unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "could not claim the next operation; leaving the rest in the queue");
        Vec::new()
    });
    RunningAttempt::begin(engine.clone(), row.into_iter().next()?, Executor::Task)
}

async fn run_once(engine: &Arc<Engine>, id: OperationId) -> NextStep {
    // A closed semaphore means that the process is shutting down.
    let Ok(_slot) = engine.active_runs.slots.acquire().await else { return NextStep::Done };
    let run = match engine.claim(id).await {
        Ok(row) => row.and_then(|row| RunningAttempt::begin(engine.clone(), row, Executor::Task)),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%id, error, "could not claim the operation; leaving it in the queue");
            None
        }
    };
    match run {
        Some(run) => run.run_to_completion().await,
        None => NextStep::Done,
    }
}

/// Returns the time until `on`, plus 2 ms, so that `on` has passed after the wait.
pub(in crate::runner) fn until(on: DateTime<Utc>) -> Duration {
    (on - Utc::now()).to_std().unwrap_or_default() + Duration::from_millis(2)
}
