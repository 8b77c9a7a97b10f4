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

/// How long nobody publishes on a channel of which nobody said that it ended, before it is forgotten.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(24 * 3_600);

/// How many channels are forgotten at once, so that no lock is held for long.
const BATCH_LEN_MAX: i32 = 500;

/// When there is something to forget at the earliest.
#[derive(Debug, Default)]
pub(super) struct ExpirySweeper {
    last_begun_on: Mutex<Option<Instant>>,
}

impl ExpirySweeper {
    /// Whether nobody in this process swept for that long; whoever asks does it now.
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
    /// Forgets channels that ended long ago, until there are no more.
    pub(super) async fn sweep(&self) -> Result<(), ChannelError> {
        const SWEEP: &str = "forget channels that ended";
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
