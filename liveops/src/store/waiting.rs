//! The number and the age of the operations that wait in the queues.

use chrono::{DateTime, Utc};
use sea_orm::{
    EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use super::{Column, Entity, Store, StoreError, claim::is_due, transition::is_in};
use crate::operation::OperationState;

/// The operations of one type that wait in one queue and could start now.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub(crate) struct WaitingOperations {
    /// The queue.
    pub queue: String,
    /// The op type, which may be registered nowhere.
    pub op_type: String,
    /// The number of operations.
    pub count: i64,
    /// The time from which the oldest of them could start.
    pub oldest_due_on: DateTime<Utc>,
}

impl Store {
    /// Counts the operations that could start now, by queue and op type. Reads every waiting operation.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn waiting(&self) -> Result<Vec<WaitingOperations>, StoreError> {
        Entity::find()
            .select_only()
            .columns([Column::Queue, Column::OpType])
            .column_as(Expr::col(Column::Id).count(), "count")
            .column_as(Expr::col(Column::DueOn).min(), "oldest_due_on")
            .filter(is_in(OperationState::NotStarted))
            .filter(is_due())
            .group_by(Column::Queue)
            .group_by(Column::OpType)
            .into_model()
            .all(self.statements())
            .await
            .map_err(StoreError::of("count the waiting operations"))
    }
}
