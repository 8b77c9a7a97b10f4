//! The health check of a process: database, channel layer and shutdown state.

use std::time::Duration;

use tokio::time::{self, Instant};

use super::LiveOps;
use crate::{channel::ChannelError, store::StoreError};

/// Time limit for the answer of each part.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The health of a process, part by part. [`LiveOps::health`] has an example.
#[derive(Debug)]
#[non_exhaustive]
pub struct Health {
    /// Response time of the database, or the error.
    pub database: Result<Duration, ProbeError<StoreError>>,
    /// Response time of the channel layer, or the error.
    pub channel_layer: Result<Duration, ProbeError<ChannelError>>,
    /// `true` after a call of [`LiveOps::shutdown`]: the process starts no more operations.
    pub is_shutting_down: bool,
}

/// An error from the health check of one part. [`LiveOps::health`] has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError<E> {
    /// The part returned an error.
    #[error(transparent)]
    Failed(#[from] E),
    /// The part did not answer in time.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The time limit.
        after: Duration,
    },
}

impl Health {
    /// Returns `true` if the process should get requests: both parts answer, and the process is not
    /// shutting down.
    pub fn is_ready(&self) -> bool {
        self.database.is_ok() && self.channel_layer.is_ok() && !self.is_shutting_down
    }
}

impl LiveOps {
    /// Checks whether the database and the channel layer answer, both at once. Takes at most two
    /// seconds. A PostgreSQL server that is read-only or in recovery counts as failed.
    ///
    /// For a readiness probe, which decides whether this process gets requests. Not for a liveness
    /// probe: restarting the process does not repair a failed database, and would end the operations
    /// that run here.
    ///
    /// ```
    /// use axum::{extract::State, http::StatusCode};
    /// use liveops::LiveOps;
    ///
    /// async fn ready(State(liveops): State<LiveOps>) -> StatusCode {
    ///     let health = liveops.health().await;
    ///     if let Err(error) = &health.database {
    ///         eprintln!("the database is not ready: {error}");
    ///     }
    ///     if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    /// }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = liveops::store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).build()?;
    /// # liveops.migrate().await?;
    /// # assert_eq!(ready(State(liveops)).await, StatusCode::OK);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn health(&self) -> Health {
        let engine = self.engine();
        let (database, channel_layer) =
            tokio::join!(probe(engine.store.ping()), probe(engine.publisher.layer.ping()));
        let is_shutting_down = engine.active_runs.closing.is_cancelled();
        Health { database, channel_layer, is_shutting_down }
    }
}

async fn probe<E>(answer: impl Future<Output = Result<(), E>>) -> Result<Duration, ProbeError<E>> {
    let started_on = Instant::now();
    match time::timeout(PROBE_TIMEOUT, answer).await {
        Ok(Ok(())) => Ok(started_on.elapsed()),
        Ok(Err(error)) => Err(ProbeError::Failed(error)),
        Err(_) => Err(ProbeError::TimedOut { after: PROBE_TIMEOUT }),
    }
}
