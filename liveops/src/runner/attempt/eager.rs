//! Executing an operation on the spot.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time;

use super::running_attempt::{After, Run};
use crate::{operation::OperationId, runner::engine::Engine, store::Claim};

/// Runs an operation until it has ended, every attempt at it, and those it hands over to.
pub(in crate::runner) async fn run_to_the_end(engine: &Arc<Engine>, id: OperationId) {
    engine.ensure_kept();
    let after = run_once(engine, id).await;
    go_on(engine, id, after).await;
}

/// Does the same with every operation that waits, one after another.
pub(in crate::runner) async fn run_what_waits(engine: &Arc<Engine>) {
    engine.ensure_kept();
    // A closed semaphore says that the process is shutting down.
    while let Ok(place) = engine.running.places.acquire().await {
        let Some(run) = claim_next(engine).await else { return };
        let id = run.id;
        let after = run.until_its_end().await;
        drop(place);
        go_on(engine, id, after).await;
    }
}

async fn go_on(engine: &Arc<Engine>, mut id: OperationId, mut after: After) {
    loop {
        match after {
            After::Nothing => return,
            After::Next(next) => id = next,
            After::Again(on) => time::sleep(until(on)).await,
        }
        after = run_once(engine, id).await;
    }
}

async fn claim_next(engine: &Arc<Engine>) -> Option<Run> {
    let claim = Claim {
        op_types: &engine.registry.op_types(),
        queues: &engine.config.queues,
        worker: &engine.running.worker,
        lease: engine.config.lease,
        limit: 1,
    };
    let row = engine.store.claim_next(claim).await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "failed to claim");
        Vec::new()
    });
    Run::begin(engine.clone(), row.into_iter().next()?)
}

async fn run_once(engine: &Arc<Engine>, id: OperationId) -> After {
    // A closed semaphore says that the process is shutting down.
    let Ok(_place) = engine.running.places.acquire().await else { return After::Nothing };
    let (worker, lease) = (&engine.running.worker, engine.config.lease);
    let run = match engine.store.claim(id, worker, lease).await {
        Ok(row) => row.and_then(|row| Run::begin(engine.clone(), row)),
        Err(error) => {
            tracing::error!(%id, error = &error as &dyn std::error::Error, "failed to claim");
            None
        }
    };
    match run {
        Some(run) => run.until_its_end().await,
        None => After::Nothing,
    }
}

/// How long it is until `on`, and a little longer, so that it has passed then.
pub(in crate::runner) fn until(on: DateTime<Utc>) -> Duration {
    (on - Utc::now()).to_std().unwrap_or_default() + Duration::from_millis(2)
}
