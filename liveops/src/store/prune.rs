//! The deletion of operations that ended long ago.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, sea_query::Query,
};
use uuid::Uuid;

use super::{Column, Entity, Repetitions, Store, StoreError, Transaction, action, attempt};

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
    /// Deletes at most `limit` operations that ended before `before`, the earliest after `position` first, with the
    /// saved outputs of their stages and with their attempts and actions. Keeps the operations that rows of the
    /// application reference, and the entries of the outbox, which do not depend on the operations.
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
            Err(error) if error.is_referenced() => self.prune_each(before, earliest).await,
            Err(error) => Err(error),
        }
    }

    /// Deletes the operations of a batch one by one: one statement for all of them deletes none if a single one
    /// is referenced.
    async fn prune_each(
        &self,
        before: DateTime<Utc>,
        batch: Select<Entity>,
    ) -> Result<PrunedBatch, StoreError> {
        let ended: Vec<(Uuid, DateTime<Utc>)> = batch
            .select_only()
            .columns([Column::Id, Column::FinishedOn])
            .into_tuple()
            .all(&self.statements().without_deadline())
            .await
            .map_err(StoreError::of(ACTION))?;
        let mut done = PrunedBatch::default();
        for (id, finished_on) in ended {
            match self.delete_ended(before, Column::Id.eq(id).into()).await {
                Ok(deleted) => done.deleted += deleted,
                Err(error) if error.is_referenced() => done.held += 1,
                Err(error) => return Err(error),
            }
            done.continue_at = Some(PrunePosition { finished_on, id });
        }
        Ok(done)
    }

    /// Deletes the selected operations, with their attempts and actions, in one transaction, which begins again after a
    /// conflict.
    async fn delete_ended(
        &self,
        before: DateTime<Utc>,
        selected: Condition,
    ) -> Result<u64, StoreError> {
        let mut repetitions = Repetitions::default();
        loop {
            let transaction = self.begin_read_committed().await?;
            let deleted = delete_ended(&transaction, before, selected.clone()).await;
            let deleted = deleted.map_err(StoreError::of(ACTION));
            match self.end(transaction, deleted).await {
                Err(error) if repetitions.wait_after(&error).await => {}
                deleted => return deleted,
            }
        }
    }
}

async fn delete_ended(
    transaction: &Transaction,
    before: DateTime<Utc>,
    selected: Condition,
) -> Result<u64, DbErr> {
    let mut delete = Entity::delete_many()
        .filter(selected)
        // Checked again on the rows themselves: an operation may have been retried after it was selected.
        .filter(Column::FinishedOn.lt(before))
        .into_query();
    delete.returning(Query::returning().column(Column::Id));
    let deleted = transaction.query_all(&delete).await?;
    let ids = deleted.iter().map(|row| row.try_get_by_index(0));
    let ids: Vec<Uuid> = ids.collect::<Result<_, _>>()?;
    if !ids.is_empty() {
        let of_operations = attempt::Column::Operation.is_in(ids.clone());
        attempt::Entity::delete_many().filter(of_operations).exec(transaction).await?;
        let of_operations = action::Column::Operation.is_in(ids);
        action::Entity::delete_many().filter(of_operations).exec(transaction).await?;
    }
    Ok(deleted.len() as u64)
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
