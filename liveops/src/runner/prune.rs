//! Deletion of operations that ended long ago.

use std::time::Duration;

use chrono::{Datelike, TimeDelta, Utc};
use tokio::time::{self, Instant};

use super::LiveOps;
use crate::store::StoreError;

/// Operations deleted per transaction. Small, because SQLite has one writer at a time and other writers
/// wait.
const BATCH_LEN: u64 = 500;

impl LiveOps {
    /// Deletes operations that ended longer ago than `older_than`, and returns their number. Operations
    /// that have not ended stay, regardless of their age.
    ///
    /// An operation that a foreign key of the application references stays too, unless the key has `ON DELETE
    /// CASCADE` or `SET NULL`. The log warns about the number of such operations.
    ///
    /// Deletes in batches, each in its own transaction. Pauses after each batch for as long as the
    /// batch took, so that other writers can proceed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use liveops::{LiveOps, store::StoreError};
    /// # async fn housekeeping(liveops: &LiveOps) -> Result<(), StoreError> {
    /// const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    ///
    /// let pruned = liveops.prune(MONTH).await?;
    /// println!("operations deleted: {pruned}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. Batches deleted before stay deleted.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a later call continues.
    pub async fn prune(&self, older_than: Duration) -> Result<u64, StoreError> {
        let age = TimeDelta::from_std(older_than).ok();
        // An age beyond the range of the calendar of a database matches no operation.
        let before = age.and_then(|age| Utc::now().checked_sub_signed(age));
        let Some(before) = before.filter(|before| before.year() >= 1) else { return Ok(0) };
        let (mut pruned, mut held, mut position) = (0, 0, None);
        loop {
            let began_on = Instant::now();
            let batch = self.store().prune(before, position, BATCH_LEN).await?;
            if batch.deleted + batch.held == 0 {
                break;
            }
            pruned += batch.deleted;
            held += batch.held;
            position = batch.continue_at.or(position);
            time::sleep(began_on.elapsed()).await;
        }
        if held > 0 {
            tracing::warn!(
                held,
                "kept ended operations that other tables reference; delete the rows that reference \
                 them, or declare the foreign key with ON DELETE CASCADE or SET NULL"
            );
        }
        Ok(pruned)
    }
}
