//! Claims: the transition of waiting operations to a worker, under a lease.
//!
//! `shares.rs` selects the operations, in the turn of their owners.
//!
//! `run_after` decides whether a row can be claimed. Before each claim, rows that are due lose their
//! `run_after`, so that the index of the rows that are ready needs no time. `due_on` only measures the wait in
//! the queue and does not affect claims, because the clocks of processes differ.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, UpdateMany,
    sea_query::{CommonTableExpression, Expr, LockBehavior, LockType, Query, WithClause},
};
use uuid::Uuid;

use super::{
    Column, Columns, Entity, Model, Store, StoreError,
    shares::{Line, OwnerLimits, Share, lockable, union},
    transition::{Fenced, is_in, leased, transition},
};
use crate::operation::{Attempt, OperationId, OperationState};

/// The limits of a claim: the inputs that a worker can read, the queues it serves, and the number of operations it
/// takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim<'a> {
    /// The operation types that the worker knows, each with a version of the input that the worker can read.
    pub inputs: &'a [(&'a str, i32)],
    /// The queues that the worker serves; empty for all queues.
    pub queues: &'a [String],
    /// The unique name of the worker.
    pub worker: &'a str,
    /// The lease duration. A lease that is not renewed in time is taken over by another worker.
    pub lease: Duration,
    /// The maximum number of operations to claim.
    pub limit: u64,
    /// The limits for the owners.
    pub owners: OwnerLimits<'a>,
}

#[derive(Debug, FromQueryResult)]
struct IdRow {}

/// Maximum number of lines of one claim.
const LINES_LEN_MAX: usize = 64;

/// Maximum number of times that a claim begins again because another worker claimed the same operations.
const CLAIM_TRIES_MAX: usize = 4;

/// Maximum number of operations that become ready at once.
const RELEASED_LEN_MAX: u64 = 1_000;

impl Store {
    /// Claims the next waiting operations under a lease, by priority, then in the turn of their owners, then by age.
    /// Skips rows that another worker is claiming at the moment.
    ///
    /// Reads the [shares](Share) of each [`Line`] in the order of an index. The cost therefore depends neither on the
    /// number of waiting operations nor on the number of their owners. A claim serves at most [`LINES_LEN_MAX`] lines.
    /// With more lines in the database, each claim begins at another line.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. A claim may have been committed although its answer was lost;
    /// [`claimed_by`](Self::claimed_by) returns such operations.
    pub(crate) async fn claim_next(&self, claim: Claim<'_>) -> Result<Vec<Model>, StoreError> {
        self.release_due().await?;
        let mut rows: Vec<Model> = Vec::new();
        let mut locked: HashSet<Share> = HashSet::new();
        for _ in 0..CLAIM_TRIES_MAX {
            let left = claim.limit - rows.len() as u64;
            let lines = claim.served(self.lines().await?);
            let picked = self.pick(&lines, claim.owners, left, (&rows, &locked)).await?;
            let claimed = self.claim_shares(&picked.shares, &claim).await?;
            let is_complete = claimed.len() as u64 >= picked.known;
            let shares = picked.shares.into_iter().map(|(share, _)| share);
            locked.extend(shares.filter(|share| !claimed.iter().any(|row| share.contains(row))));
            rows.extend(claimed);
            // If the claim is not complete, another worker has claimed some of these operations, or a transaction holds
            // them.
            if is_complete || rows.len() as u64 >= claim.limit {
                break;
            }
        }
        rows.sort_by_key(|row| (std::cmp::Reverse(row.priority), row.id));
        Ok(rows)
    }

    /// Claims the first operations of each share.
    async fn claim_shares(
        &self,
        picked: &[(Share, u64)],
        claim: &Claim<'_>,
    ) -> Result<Vec<Model>, StoreError> {
        let Some(next) = union(picked.iter().map(|(share, count)| lockable(share, *count))) else {
            return Ok(Vec::new());
        };
        // A materialized CTE, because the database may run a plain subquery once per row and lock more rows
        // than it returns.
        let mut candidates = CommonTableExpression::new();
        candidates.table_name("next").column(Column::Id).query(next).materialized(true);
        let these = Query::select().column(Column::Id).from("next").take();
        let waiting = Entity::update_many().filter(Column::Id.in_subquery(these));
        let mut update = claimed(waiting, claim.worker, claim.lease).into_query();
        update.returning(Columns::All.returning(self.backend()));
        let mut with = WithClause::new();
        with.cte(candidates);
        self.write(update.with(with), "claim operations").await
    }

    /// Makes operations ready whose time to start has come, at most [`RELEASED_LEN_MAX`] at once.
    async fn release_due(&self) -> Result<(), StoreError> {
        const ACTION: &str = "release operations that are due";
        let due = || {
            Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(is_in(OperationState::NotStarted))
                .filter(Column::RunAfter.lte(Utc::now()))
                .order_by_asc(Column::RunAfter)
        };
        let first: Option<Uuid> =
            due().into_tuple().one(self.statements()).await.map_err(StoreError::of(ACTION))?;
        if first.is_none() {
            return Ok(());
        }
        let due = due().limit(RELEASED_LEN_MAX);
        let due = due.lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked);
        let mut candidates = CommonTableExpression::new();
        candidates.table_name("due").column(Column::Id).query(due.into_query()).materialized(true);
        let these = Query::select().column(Column::Id).from("due").take();
        let mut release = Entity::update_many()
            .filter(Column::Id.in_subquery(these))
            .col_expr(Column::RunAfter, Expr::value(None::<DateTime<Utc>>))
            .into_query();
        release.returning(Query::returning().column(Column::Id));
        let mut with = WithClause::new();
        with.cte(candidates);
        self.write::<IdRow>(release.with(with), ACTION).await.map(drop)
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
            // The order of the index of the running operations, so that SQLite reads this index.
            .order_by_asc(Column::Id)
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the claims of a worker"))
    }
}

impl Claim<'_> {
    /// Returns those of `lines` that the worker serves, at most [`LINES_LEN_MAX`].
    fn served(&self, lines: Vec<Line>) -> Vec<Line> {
        let mut served: Vec<Line> = lines
            .into_iter()
            .filter(|line| self.inputs.contains(&(&*line.op_type, line.payload_version)))
            .filter(|line| self.queues.is_empty() || self.queues.contains(&line.queue))
            .collect();
        if served.len() > LINES_LEN_MAX {
            let first = Utc::now().timestamp_subsec_micros() as usize % served.len();
            served.rotate_left(first);
            served.truncate(LINES_LEN_MAX);
        }
        served
    }
}

/// Selects the operations that may start now.
fn is_due() -> Condition {
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
