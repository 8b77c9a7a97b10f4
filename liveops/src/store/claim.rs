//! Claims: the transition of waiting operations to a worker, under a lease.
//!
//! `run_after` decides whether a row can be claimed, and a claim clears it. `due_on` only measures the wait
//! in the queue and does not affect claims, because the clocks of processes differ.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    UpdateMany,
    sea_query::{CommonTableExpression, Expr, LockBehavior, LockType, Query, WithClause},
};

use super::{
    Column, Columns, Entity, Model, Store, StoreError,
    transition::{Fenced, is_in, leased, transition},
};
use crate::operation::{Attempt, OperationId, OperationState};

/// The limits of a claim: the types and queues a worker serves, and the number of operations it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'a> {
    /// The operation types that the worker knows.
    pub op_types: &'a [&'a str],
    /// The queues that the worker serves; empty for all queues.
    pub queues: &'a [String],
    /// The unique name of the worker.
    pub worker: &'a str,
    /// The lease duration. A lease that is not renewed in time is taken over by another worker.
    pub lease: Duration,
    /// The maximum number of operations to claim.
    pub limit: u64,
}

impl Store {
    /// Claims the next waiting operations under a lease, by priority, then by age. Skips rows that another
    /// worker is claiming at the moment.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. A claim may have been committed although its answer was lost;
    /// [`claimed_by`](Self::claimed_by) returns such operations.
    pub(crate) async fn claim_next(&self, claim: Claim<'_>) -> Result<Vec<Model>, StoreError> {
        // A materialized CTE, because the database may run a plain subquery once per row and lock more rows
        // than it returns.
        let mut candidates = CommonTableExpression::new();
        candidates.table_name("next").column(Column::Id).query(next(&claim)).materialized(true);
        let these = Query::select().column(Column::Id).from("next").take();
        let mut update = claimed(
            Entity::update_many().filter(Column::Id.in_subquery(these)),
            claim.worker,
            claim.lease,
        )
        .into_query();
        update.returning(Columns::All.returning(self.backend()));
        let mut with = WithClause::new();
        with.cte(candidates);
        let update = update.with(with);

        let mut rows: Vec<Model> = self.write(&update, "claim operations").await?;
        rows.sort_by_key(|row| (std::cmp::Reverse(row.priority), row.id));
        Ok(rows)
    }

    /// Claims one waiting operation under a lease. Returns `None` if the operation is not due, or no longer
    /// waits.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn claim(
        &self,
        id: OperationId,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let waiting = transition(id, OperationState::Started).filter(is_due());
        self.update_one(claimed(waiting, worker, lease), Columns::All, "claim an operation").await
    }

    /// Claims one waiting operation under a lease, also before it is due. For a process that runs the
    /// operation in the foreground and waits for the due time itself.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    #[cfg(feature = "cli")]
    pub(crate) async fn claim_before_due(
        &self,
        id: OperationId,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let waiting =
            transition(id, OperationState::Started).filter(is_in(OperationState::NotStarted));
        self.update_one(claimed(waiting, worker, lease), Columns::All, "claim an operation").await
    }

    /// Renews the lease of a run that its worker did not know of, for example after a lost answer. Returns
    /// `None` if the run no longer belongs to `attempt`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn reclaim(
        &self,
        id: OperationId,
        attempt: Attempt,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let renewed = Entity::update_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(is_in(OperationState::Started))
            .fenced(attempt);
        self.update_one(leased(renewed, lease), Columns::All, "renew the lease of a run").await
    }

    /// Returns the operations that `worker` has claimed and not ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn claimed_by(&self, worker: &str) -> Result<Vec<Model>, StoreError> {
        Entity::find()
            .filter(is_in(OperationState::Started))
            .filter(Column::Worker.eq(worker))
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the claims of a worker"))
    }
}

fn next(claim: &Claim<'_>) -> sea_orm::sea_query::SelectStatement {
    let mut next = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(is_in(OperationState::NotStarted))
        .filter(is_due())
        .filter(Column::OpType.is_in(claim.op_types.iter().copied()));
    if !claim.queues.is_empty() {
        next = next.filter(Column::Queue.is_in(claim.queues));
    }
    let next = next.order_by_desc(Column::Priority).order_by_asc(Column::Id).limit(claim.limit);
    next.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).into_query()
}

/// Selects the operations that may start now.
pub(super) fn is_due() -> Condition {
    Condition::any().add(Column::RunAfter.is_null()).add(Column::RunAfter.lte(Utc::now()))
}

fn claimed(update: UpdateMany<Entity>, worker: &str, lease: Duration) -> UpdateMany<Entity> {
    leased(update, lease)
        .col_expr(Column::StartedOn, Expr::value(Utc::now()))
        .col_expr(Column::Worker, Expr::value(worker))
        // The error and status of the previous attempt do not describe the new attempt.
        .col_expr(Column::ErrorMessage, Expr::value(None::<String>))
        .col_expr(Column::StatusText, Expr::value(""))
        .col_expr(Column::RunAfter, Expr::value(None::<DateTime<Utc>>))
}
