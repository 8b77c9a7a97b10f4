//! The number and the age of the operations that wait in the queues.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{Column, Entity, Store, StoreError, transition::is_in};
use crate::operation::{OperationState, UserId};

/// The operations of one type, with inputs of one version, that wait in one queue and could start now.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub(crate) struct WaitingOperations {
    /// The queue.
    pub queue: String,
    /// The op type, which may be registered nowhere.
    pub op_type: String,
    /// The version of the input, which no worker may be able to read.
    pub payload_version: i32,
    /// The number of operations.
    pub count: i64,
    /// The time from which the oldest of them could start.
    pub oldest_due_on: DateTime<Utc>,
}

impl Store {
    /// Counts the operations that could start now, by queue, op type and version. Reads only index entries, and no rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn waiting(&self) -> Result<Vec<WaitingOperations>, StoreError> {
        // Two queries, because each has an index of its own.
        let ready = waiting_in_order(Column::RunAfter.is_null())
            .order_by_asc(Column::Queue)
            .order_by_asc(Column::OpType)
            .order_by_asc(Column::PayloadVersion)
            .order_by_desc(Column::Priority);
        let due = waiting_in_order(Column::RunAfter.lte(Utc::now())).order_by_asc(Column::RunAfter);
        let mut all: BTreeMap<(String, String, i32), WaitingOperations> = BTreeMap::new();
        for query in [ready, due] {
            for found in self.counted(query).await? {
                let line = (found.queue.clone(), found.op_type.clone(), found.payload_version);
                all.entry(line)
                    .and_modify(|waiting| {
                        waiting.count += found.count;
                        waiting.oldest_due_on =
                            Ord::min(waiting.oldest_due_on, found.oldest_due_on);
                    })
                    .or_insert(found);
            }
        }
        Ok(all.into_values().collect())
    }

    /// Counts the operations of an owner that have not started, up to `max`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn waiting_of(&self, owner: &UserId, max: u64) -> Result<u64, StoreError> {
        let waiting = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(is_in(OperationState::NotStarted))
            .filter(Column::Owner.eq(owner.as_str()))
            .limit(max);
        let waiting: Result<Vec<Uuid>, _> = waiting.into_tuple().all(self.statements()).await;
        let waiting =
            waiting.map_err(StoreError::of("count the waiting operations of an owner"))?;
        Ok(waiting.len() as u64)
    }

    async fn counted(&self, waiting: Select<Entity>) -> Result<Vec<WaitingOperations>, StoreError> {
        const ACTION: &str = "count the waiting operations";
        let mut waiting = waiting.into_query();
        match self.backend() {
            // Only one index has this order, so the order determines the index. The limit keeps the order of the
            // subquery.
            DbBackend::Postgres => waiting.limit(i64::MAX.unsigned_abs()),
            _ => waiting.clear_order_by(),
        };
        let line = [Column::Queue, Column::OpType, Column::PayloadVersion];
        let count = Query::select()
            .columns(line)
            .expr_as(Expr::cust("COUNT(*)"), "count")
            .expr_as(Expr::col(Column::DueOn).min(), "oldest_due_on")
            .from_subquery(waiting, "waiting")
            .group_by_columns(line)
            .take();
        let rows = self.statements().query_all(&count).await.map_err(StoreError::of(ACTION))?;
        let rows = rows.iter().map(|row| WaitingOperations::from_query_result(row, ""));
        rows.collect::<Result<_, _>>().map_err(StoreError::of(ACTION))
    }
}

fn waiting_in_order(condition: Expr) -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::Queue, Column::OpType, Column::PayloadVersion, Column::DueOn])
        .filter(is_in(OperationState::NotStarted))
        .filter(condition)
}
