//! Executing an operation on the spot.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time;

use super::{
    engine::Engine,
    run::{After, Run},
};
use crate::operation::OperationId;

/// Runs an operation until it has ended, every attempt at it, and those it hands over to.
pub(super) async fn run_to_the_end(engine: Arc<Engine>, first: OperationId) {
    engine.ensure_kept();
    let mut id = first;
    loop {
        match run_once(&engine, id).await {
            After::Nothing => return,
            After::Next(next) => id = next,
            After::Again(on) => time::sleep(until(on)).await,
        }
    }
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
fn until(on: DateTime<Utc>) -> Duration {
    (on - Utc::now()).to_std().unwrap_or_default() + Duration::from_millis(2)
}
