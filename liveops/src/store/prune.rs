//! The deletion of operations that ended long ago.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
};
use uuid::Uuid;

use super::{Column, Entity, Store, StoreError, conflict::is_referenced};

const ACTION: &str = "delete operations that have ended";

/// A position among the ended operations, in the order of their ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrunePosition {
    finished_on: DateTime<Utc>,
    id: Uuid,
}

/// The result of one batch.
#[derive(Debug, Default)]
pub(crate) struct PrunedBatch {
    /// The number of deleted operations.
    pub(crate) deleted: u64,
    /// The number of operations that rows of the application reference.
    pub(crate) held: u64,
    /// The position at which the next batch continues; `None` for the same position as before.
    pub(crate) continue_at: Option<PrunePosition>,
}

impl Store {
    /// Deletes at most `limit` operations that ended before `before`, the earliest after `position` first, with
    /// the saved outputs of their stages. Keeps the operations that rows of the application reference.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. A part of the batch may be deleted then.
    pub(crate) async fn prune(
        &self,
        before: DateTime<Utc>,
        position: Option<PrunePosition>,
        limit: u64,
    ) -> Result<PrunedBatch, StoreError> {
        let earliest = earliest(before, position, limit);
        let ids = earliest.clone().select_only().column(Column::Id).into_query();
        match self.delete_ended(before, Column::Id.in_subquery(ids).into()).await {
            Ok(deleted) => Ok(PrunedBatch { deleted, ..PrunedBatch::default() }),
            Err(error) if is_referenced(&error) => self.prune_each(before, earliest).await,
            Err(error) => Err(error),
        }
        .map_err(StoreError::of(ACTION))
    }

    /// Deletes the operations of a batch one by one: one statement for all of them deletes none if a single one
    /// is referenced.
    async fn prune_each(
        &self,
        before: DateTime<Utc>,
        batch: Select<Entity>,
    ) -> Result<PrunedBatch, DbErr> {
        let ended: Vec<(Uuid, DateTime<Utc>)> = batch
            .select_only()
            .columns([Column::Id, Column::FinishedOn])
            .into_tuple()
            .all(&self.statements().without_deadline())
            .await?;
        let mut done = PrunedBatch::default();
        for (id, finished_on) in ended {
            match self.delete_ended(before, Column::Id.eq(id).into()).await {
                Ok(deleted) => done.deleted += deleted,
                Err(error) if is_referenced(&error) => done.held += 1,
                Err(error) => return Err(error),
            }
            done.continue_at = Some(PrunePosition { finished_on, id });
        }
        Ok(done)
    }

    async fn delete_ended(&self, before: DateTime<Utc>, selected: Condition) -> Result<u64, DbErr> {
        let deleted = Entity::delete_many()
            .filter(selected)
            // Checked again on the rows themselves: an operation may have been retried after it was selected.
            .filter(Column::FinishedOn.lt(before))
            .exec(&self.statements().without_deadline())
            .await?;
        Ok(deleted.rows_affected)
    }
}

fn earliest(before: DateTime<Utc>, position: Option<PrunePosition>, limit: u64) -> Select<Entity> {
    let mut earliest = Entity::find()
        .filter(Column::FinishedOn.lt(before))
        .order_by_asc(Column::FinishedOn)
        .order_by_asc(Column::Id)
        .limit(limit);
    if let Some(PrunePosition { finished_on, id }) = position {
        let is_later =
            Condition::any().add(Column::FinishedOn.gt(finished_on)).add(Column::Id.gt(id));
        // The first condition can use the index.
        earliest = earliest.filter(Column::FinishedOn.gte(finished_on)).filter(is_later);
    }
    earliest
}
