//! Deletion of operations that ended long ago.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use tokio::time::{self, Instant};

use super::LiveOps;
use crate::{operation::OperationId, store::StoreError, uploads::StoredFiles};

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
    /// The [uploaded files](crate::form::Upload) of deleted operations are deleted too, if this process can access the
    /// upload folder. If a process died or lost the database before it created an operation, the files of this
    /// operation are deleted a day later.
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
    /// Cancel safe: a later call continues. The files of operations that a cancelled call deleted stay.
    pub async fn prune(&self, older_than: Duration) -> Result<u64, StoreError> {
        let age = TimeDelta::from_std(older_than).ok();
        // An age beyond the range of the calendar of a database matches no operation.
        let before = age.and_then(|age| Utc::now().checked_sub_signed(age));
        let Some(before) = before.filter(|before| before.year() >= 1) else { return Ok(0) };
        let stored = self.stored_files().await;
        let known = self.existing(&stored.operations()).await?;
        self.settle_files(&stored, &known).await;
        let (deleted, pruned) = self.prune_rows(before).await;
        self.record_prune(deleted, before).await;
        // Deletes files after an error too, because the database may have deleted a part of the operations.
        let remaining = self.existing(&known).await.map(HashSet::<OperationId>::from_iter);
        if let Ok(remaining) = &remaining {
            // These operations existed before, so they are not new ones.
            let gone = known.iter().filter(|id| !remaining.contains(id));
            self.engine().uploads.delete(gone.flat_map(|id| stored.of(*id)).collect()).await;
        }
        pruned?;
        remaining.map(|_| deleted)
    }

    /// Deletes the rows of operations that ended before `before`, then their logs, and the entries of the outbox that no
    /// process accepts any more. Returns the number of operations, also after an error.
    async fn prune_rows(&self, before: DateTime<Utc>) -> (u64, Result<(), StoreError>) {
        let (mut pruned, mut held, mut position) = (0, 0, None);
        loop {
            let began_on = Instant::now();
            let batch = match self.store().prune(before, position, BATCH_LEN).await {
                Ok(batch) => batch,
                Err(error) => return (pruned, Err(error)),
            };
            if batch.deleted + batch.held == 0 {
                break;
            }
            pruned += batch.deleted;
            held += batch.held;
            position = batch.continue_at.or(position);
            time::sleep(began_on.elapsed()).await;
        }
        if let Err(error) = self.prune_logs(before).await {
            return (pruned, Err(error));
        }
        if let Err(error) = self.store().prune_outbox(before).await {
            return (pruned, Err(error));
        }
        if held > 0 {
            tracing::warn!(
                held,
                "kept ended operations that other tables reference; delete the rows that reference \
                 them, or declare the foreign key with ON DELETE CASCADE or SET NULL"
            );
        }
        (pruned, Ok(()))
    }

    /// Deletes the logs of deleted operations, also of those whose deletion an earlier call did not complete.
    async fn prune_logs(&self, before: DateTime<Utc>) -> Result<(), StoreError> {
        let mut from = None;
        loop {
            let began_on = Instant::now();
            from = self.store().prune_logs(before, from).await?;
            if from.is_none() {
                return Ok(());
            }
            time::sleep(began_on.elapsed()).await;
        }
    }

    /// Records the deletion for staff.
    async fn record_prune(&self, deleted: u64, before: DateTime<Utc>) {
        if deleted == 0 {
            return;
        }
        if let Err(error) = self.store().record_prune(deleted, before).await {
            let error = &error as &(dyn std::error::Error + 'static);
            tracing::warn!(error, deleted, "could not record the deletion of ended operations");
        }
    }

    /// Returns the uploaded files that exist before operations are deleted. Returns no files if the folder cannot be
    /// read: the operations are still deleted, and another process may have the folder.
    async fn stored_files(&self) -> StoredFiles {
        let stored = self.engine().uploads.stored().await;
        stored.unwrap_or_else(|error| {
            tracing::warn!(
                error = &error as &(dyn std::error::Error + 'static),
                "could not read the upload folder; deleting operations without their files"
            );
            StoredFiles::default()
        })
    }

    /// Returns those of `ids` that have a row.
    async fn existing(&self, ids: &[OperationId]) -> Result<Vec<OperationId>, StoreError> {
        let mut existing = Vec::new();
        for ids in ids.chunks(BATCH_LEN as usize) {
            existing.extend(self.store().existing(ids).await?);
        }
        Ok(existing)
    }

    /// Handles the uploads whose process died, or lost the database, while it enqueued their operation. Deletes the
    /// files if the operation does not exist and no upload can still be in progress.
    async fn settle_files(&self, stored: &StoredFiles, known: &[OperationId]) {
        let known: HashSet<OperationId> = known.iter().copied().collect();
        let mut settled = Vec::new();
        for id in stored.operations() {
            match (known.contains(&id), stored.is_abandoned(id)) {
                (true, true) => settled.extend(stored.marker_of(id)),
                (false, true) => settled.extend(stored.of(id)),
                (_, false) => {}
            }
        }
        self.engine().uploads.delete(settled).await;
    }
}
