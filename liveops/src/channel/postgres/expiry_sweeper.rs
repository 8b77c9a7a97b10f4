//! The removal of expired channels, in batches.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sea_orm::sqlx::{self, Row};
use tokio::time::Instant;

use super::{
    database::Database,
    publish::{interval, misread},
};
use crate::channel::ChannelError;

/// Time after which an unfinished channel without new frames is deleted.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(24 * 3_600);

/// Maximum number of channels deleted in one statement, so that locks are short.
const BATCH_LEN_MAX: i32 = 500;

/// The schedule of sweeps in this process.
#[derive(Debug, Default)]
pub(super) struct ExpirySweeper {
    last_begun_on: Mutex<Option<Instant>>,
}

impl ExpirySweeper {
    /// Returns `true` if the last sweep began at least `every` ago, and records a new one. The caller then
    /// sweeps.
    pub(super) fn try_begin(&self, every: Duration) -> bool {
        let now = Instant::now();
        let mut last_begun_on = self.last_begun_on.lock().unwrap_or_else(PoisonError::into_inner);
        if last_begun_on.is_some_and(|last_begun_on| now - last_begun_on < every) {
            return false;
        }
        *last_begun_on = Some(now);
        true
    }
}

impl Database {
    /// Deletes expired channels in batches, until none is left.
    pub(super) async fn sweep(&self) -> Result<(), ChannelError> {
        const SWEEP: &str = "delete expired channels";
        loop {
            let query = sqlx::query("SELECT liveops_channel_sweep($1, $2)")
                .bind(BATCH_LEN_MAX)
                .bind(interval(SILENCE_MAX));
            let rows = self.rows(SWEEP, query).await?;
            let swept =
                rows.first().map(|row| row.try_get(0)).transpose().map_err(misread(SWEEP))?;
            if swept.unwrap_or(0) < BATCH_LEN_MAX {
                return Ok(());
            }
        }
    }
}
