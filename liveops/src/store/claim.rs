use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    UpdateMany,
    sea_query::{CommonTableExpression, Expr, LockBehavior, LockType, Query, WithClause},
};

use super::{
    Column, Entity, Model, Store, StoreError,
    transition::{Fenced, is_in, later, transition},
};
use crate::operation::{Attempt, OperationId, OperationState};

/// What a worker can run, and how many of them.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The types it knows.
    pub op_types: &'a [&'a str],
    /// The queues it serves; all of them if there are none.
    pub queues: &'a [String],
    /// Its name, which no other worker has.
    pub worker: &'a str,
    /// How long it may be silent about what it claims.
    pub lease: Duration,
    /// How many it takes at most.
    pub limit: u64,
}

impl Store {
    /// Takes the next operations that wait, under a lease, in the order in which they should run:
    /// by priority, then by age. What another worker is taking at the moment is passed over.
    ///
    /// # Errors
    ///
    /// When the database fails. What was claimed all the same, because only the answer got lost,
    /// [`claimed_by`](Self::claimed_by) gives.
    pub async fn claim_next(&self, claim: Claim<'_>) -> Result<Vec<Model>, StoreError> {
        // Spelled out, as a mere subquery may be run once for each row, and lock more than it gives.
        let mut candidates = CommonTableExpression::new();
        candidates.table_name("next").column(Column::Id).query(next(&claim)).materialized(true);
        let these = Query::select().column(Column::Id).from("next").take();
        let mut update = claimed(
            Entity::update_many().filter(Column::Id.in_subquery(these)),
            claim.worker,
            claim.lease,
        )
        .into_query();
        update.returning(self.all_columns());
        let mut with = WithClause::new();
        with.cte(candidates);
        let update = update.with(with);

        let mut rows: Vec<Model> = self.write(&update, "claim operations").await?;
        rows.sort_by_key(|row| (std::cmp::Reverse(row.priority), row.id));
        Ok(rows)
    }

    /// Takes one waiting operation, under a lease; `None` when somebody else did or it is not due.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn claim(
        &self,
        id: OperationId,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let waiting = transition(id, OperationState::Started).filter(is_due());
        self.update_one(claimed(waiting, worker, lease), "claim an operation").await
    }

    /// The same before others may: for whoever made it wait.
    #[cfg(feature = "cli")]
    pub(crate) async fn claim_before_due(
        &self,
        id: OperationId,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let waiting =
            transition(id, OperationState::Started).filter(is_in(OperationState::NotStarted));
        self.update_one(claimed(waiting, worker, lease), "claim an operation").await
    }

    /// Renews the lease of a run that its worker did not know it had; `None` when it is no longer this
    /// attempt's.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn reclaim(
        &self,
        id: OperationId,
        attempt: Attempt,
        lease: Duration,
    ) -> Result<Option<Model>, StoreError> {
        let renewed = Entity::update_many()
            .filter(Column::Id.eq(id.as_uuid()))
            .filter(is_in(OperationState::Started))
            .fenced(attempt)
            .col_expr(Column::LeaseUntil, Expr::value(later(Utc::now(), lease)));
        self.update_one(renewed, "claim an operation again").await
    }

    /// The operations that `worker` has claimed and not ended.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn claimed_by(&self, worker: &str) -> Result<Vec<Model>, StoreError> {
        Entity::find()
            .filter(is_in(OperationState::Started))
            .filter(Column::Worker.eq(worker))
            .all(self.db())
            .await
            .map_err(StoreError::of("read what a worker claimed"))
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

fn is_due() -> Condition {
    Condition::any().add(Column::RunAfter.is_null()).add(Column::RunAfter.lte(Utc::now()))
}

fn claimed(update: UpdateMany<Entity>, worker: &str, lease: Duration) -> UpdateMany<Entity> {
    let now = Utc::now();
    update
        .col_expr(Column::StartedOn, Expr::value(now))
        .col_expr(Column::Worker, Expr::value(worker))
        .col_expr(Column::LeaseUntil, Expr::value(later(now, lease)))
        // What the attempt before it failed with is not what this one is doing.
        .col_expr(Column::ErrorMessage, Expr::value(None::<String>))
        .col_expr(Column::StatusText, Expr::value(""))
        .col_expr(Column::RunAfter, Expr::value(None::<DateTime<Utc>>))
}
