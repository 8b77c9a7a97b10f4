use std::time::Duration;

use tokio::time::{self, Instant};

use super::LiveOps;
use crate::{channel::ChannelError, store::StoreError};

/// How long each part may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a process can do its work, part by part.
#[derive(Debug)]
#[non_exhaustive]
pub struct Health {
    /// How long the database took to answer, or why it did not.
    pub database: Result<Duration, ProbeError<StoreError>>,
    /// How long the channel layer took to answer, or why it did not.
    pub channel_layer: Result<Duration, ProbeError<ChannelError>>,
    /// Whether [`LiveOps::shutdown`] was called: nothing more is started.
    pub is_shutting_down: bool,
}

/// Why a part did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError<E> {
    /// It failed.
    #[error(transparent)]
    Failed(#[from] E),
    /// It said nothing in time.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
}

impl Health {
    /// Whether the process should get requests: everything answers, and it is not shutting down.
    pub fn is_ready(&self) -> bool {
        self.database.is_ok() && self.channel_layer.is_ok() && !self.is_shutting_down
    }
}

impl LiveOps {
    /// Asks the database and the channel layer, side by side, whether they answer: takes two seconds at
    /// most.
    ///
    /// For whatever decides whether this process gets requests. Not for what restarts processes: a
    /// database that is gone does not come back sooner for that, and what is running would be lost.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped at any time.
    pub async fn health(&self) -> Health {
        let engine = self.engine();
        let (database, channel_layer) =
            tokio::join!(probe(engine.store.ping()), probe(engine.publisher.layer.ping()));
        let is_shutting_down = engine.active_runs.closing.is_cancelled();
        Health { database, channel_layer, is_shutting_down }
    }
}

async fn probe<E>(answer: impl Future<Output = Result<(), E>>) -> Result<Duration, ProbeError<E>> {
    let asked_on = Instant::now();
    match time::timeout(PROBE_TIMEOUT, answer).await {
        Ok(Ok(())) => Ok(asked_on.elapsed()),
        Ok(Err(error)) => Err(ProbeError::Failed(error)),
        Err(_) => Err(ProbeError::TimedOut { after: PROBE_TIMEOUT }),
    }
}
