//! Claims: the transition of waiting operations to a worker, under a lease.
//!
//! `run_after` decides whether a row can be claimed. Before each claim, rows that are due lose their
//! `run_after`, so that the index of the rows that are ready needs no time. `due_on` only measures the wait in
//! the queue and does not affect claims, because the clocks of processes differ.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Statement, UpdateMany,
    sea_query::{
        CommonTableExpression, Expr, LockBehavior, LockType, Order, Query, SelectStatement,
        UnionType, WithClause,
    },
};
use uuid::Uuid;

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

/// The operations of one type that wait in one queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromQueryResult)]
struct Line {
    queue: String,
    op_type: String,
}

#[derive(Debug, FromQueryResult)]
struct IdRow {}

/// Maximum number of lines of one claim.
const LINES_LEN_MAX: usize = 64;

/// Maximum number of operations that become ready at once.
const RELEASED_LEN_MAX: u64 = 1_000;

/// The lines with an operation that is ready. Reads two entries of the index for each line, however many
/// operations wait: each step of the recursion finds the next type in the queue, or the first type in the next
/// queue. SQLite would search the index by the queue alone for `(queue, op_type) > (…)`.
pub(super) const LINES: &str = "\
    WITH RECURSIVE line (queue, op_type) AS ( \
        SELECT * FROM ( \
            SELECT queue, op_type FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            ORDER BY queue, op_type LIMIT 1 \
        ) AS first \
        UNION ALL \
        SELECT following.queue, following.op_type \
        FROM line JOIN liveops_operation AS following ON following.id = COALESCE( \
            (SELECT id FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            AND queue = line.queue AND op_type > line.op_type ORDER BY op_type LIMIT 1), \
            (SELECT id FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            AND queue > line.queue ORDER BY queue, op_type LIMIT 1) \
        ) \
    ) \
    SELECT queue, op_type FROM line";

impl Store {
    /// Claims the next waiting operations under a lease, by priority, then by age. Skips rows that another
    /// worker is claiming at the moment.
    ///
    /// Reads the operations of each [`Line`] in the order of an index, so the cost does not depend on the number
    /// of operations that wait. A claim serves [`LINES_LEN_MAX`] lines at most; with more lines in the database,
    /// each claim begins at another line.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails. A claim may have been committed although its answer was lost;
    /// [`claimed_by`](Self::claimed_by) returns such operations.
    pub(crate) async fn claim_next(&self, claim: Claim<'_>) -> Result<Vec<Model>, StoreError> {
        self.release_due().await?;
        let lines = claim.served(self.lines().await?);
        let lines = match &lines[..] {
            [] => return Ok(Vec::new()),
            [line] => vec![(line.clone(), claim.limit)],
            lines => self.next_in(lines, claim.limit).await?,
        };
        let Some(next) = union(lines.iter().map(|(line, count)| lockable(line, *count))) else {
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
        let update = update.with(with);

        let mut rows: Vec<Model> = self.write(&update, "claim operations").await?;
        rows.sort_by_key(|row| (std::cmp::Reverse(row.priority), row.id));
        Ok(rows)
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
        self.write::<IdRow>(&release.with(with), ACTION).await.map(drop)
    }

    /// Returns the lines with an operation that is ready.
    async fn lines(&self) -> Result<Vec<Line>, StoreError> {
        let statement = Statement::from_string(self.backend(), LINES);
        Line::find_by_statement(statement)
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the queues with waiting operations"))
    }

    /// Returns the lines of the next `limit` operations, with the number of these operations in each line.
    async fn next_in(&self, lines: &[Line], limit: u64) -> Result<Vec<(Line, u64)>, StoreError> {
        let Some(next) = union(lines.iter().map(|line| first_in(line, limit))) else {
            return Ok(Vec::new());
        };
        let next = Query::select()
            .columns([Column::Queue, Column::OpType])
            .from_subquery(next, "next")
            .order_by(Column::Priority, Order::Desc)
            .order_by(Column::Id, Order::Asc)
            .limit(limit)
            .take();
        let next = self.statements().query_all(&next).await;
        let next = next.and_then(|rows| {
            rows.iter().map(|row| Line::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()
        });
        let mut counts: HashMap<Line, u64> = HashMap::new();
        for line in next.map_err(StoreError::of("read the next operations"))? {
            *counts.entry(line).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
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
            .filter(|line| self.op_types.contains(&line.op_type.as_str()))
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

/// Selects the operations of a line that are ready, in their order.
fn ready_in(line: &Line, limit: u64) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(is_in(OperationState::NotStarted))
        .filter(Column::RunAfter.is_null())
        .filter(Column::Queue.eq(&line.queue))
        .filter(Column::OpType.eq(&line.op_type))
        .order_by_desc(Column::Priority)
        .order_by_asc(Column::Id)
        .limit(limit)
}

/// Selects the first operations of a line, with their place in the order of all lines.
fn first_in(line: &Line, limit: u64) -> SelectStatement {
    let columns = [Column::Priority, Column::Queue, Column::OpType];
    ready_in(line, limit).columns(columns).into_query()
}

/// Selects and locks the first operations of a line, apart from those that another transaction has locked.
fn lockable(line: &Line, limit: u64) -> SelectStatement {
    ready_in(line, limit)
        // The lock of an update that changes no key: a reference to the row does not exclude it.
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .into_query()
}

/// Returns the rows of all `selects`; `None` without one. Each is a subquery, which may have a limit and locks.
fn union(selects: impl Iterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let wrapped =
        |select| Query::select().expr(Expr::cust("*")).from_subquery(select, "line").take();
    selects.map(wrapped).reduce(|mut all, next| all.union(UnionType::All, next).take())
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
