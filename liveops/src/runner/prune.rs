use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::time::{self, Instant};

use super::LiveOps;
use crate::store::StoreError;

/// How many operations are deleted at once. SQLite has one writer at a time, which nobody should wait
/// long for.
const BATCH_LEN: u64 = 500;

impl LiveOps {
    /// Deletes the operations that ended longer ago than `older_than`, in whichever way, and gives how many
    /// there were. Those that have not ended stay, however old they are.
    ///
    /// Deletes a batch at a time, each in a transaction of its own, and rests in between for as long
    /// as the batch took, so that other writers get their turn.
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
    /// When the database fails; what was deleted before stays deleted.
    ///
    /// # Cancel safety
    ///
    /// Can be dropped and called again: then it goes on.
    pub async fn prune(&self, older_than: Duration) -> Result<u64, StoreError> {
        let age = TimeDelta::from_std(older_than).ok();
        // Nothing is older than the calendar.
        let Some(before) = age.and_then(|age| Utc::now().checked_sub_signed(age)) else {
            return Ok(0);
        };
        let mut pruned = 0;
        loop {
            let began_on = Instant::now();
            match self.store().prune(before, BATCH_LEN).await? {
                0 => return Ok(pruned),
                batch => pruned += batch,
            }
            time::sleep(began_on.elapsed()).await;
        }
    }
}
