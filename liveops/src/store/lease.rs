//! Leases: renewal by heartbeats, and the takeover of runs whose worker stopped responding.

use std::{collections::HashSet, iter, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, DbBackend, DerivePartialModel, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany,
    sea_query::{
        CommonTableExpression, Expr, ExprTrait, Func, LockBehavior, LockType, Query,
        SelectStatement, WithClause,
    },
};
use uuid::Uuid;

use super::{
    ClaimedAttempt, Column, Columns, Entity, Model, Store, StoreError,
    attempt::AttemptEnd,
    run::RunConclusion,
    transition::{Fenced, is_in, leased, next_attempt, requeued, transition},
};
use crate::{
    event::Status,
    operation::{Attempt, AttemptOutcome, OperationId, OperationState},
    projection::Projection,
};

/// A worker's report on one of its runs, which renews the lease.
#[derive(Debug, Clone)]
pub(crate) struct Heartbeat {
    /// The ID of the operation.
    pub id: OperationId,
    /// The attempt that the worker runs.
    pub attempt: Attempt,
    /// The status line.
    pub status: Option<Status>,
    /// The progress from 0 to 100, if known.
    pub percent: Option<f64>,
}

/// The answer to a heartbeat of a run that still belongs to the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeartbeatReply {
    /// The ID of the operation.
    pub id: OperationId,
    /// `true` if a user requested the cancellation of the operation.
    pub cancel_requested: bool,
    /// `true` if the lease was renewed. `false` if the row was locked by another transaction: the run still
    /// belongs to the worker, which has to renew the lease later.
    pub is_renewed: bool,
}

/// A lease as read by a process other than its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The ID of the operation.
    pub id: OperationId,
    /// The attempt that holds the lease.
    pub attempt: Attempt,
    /// The end of the lease, by the clock of the holder.
    pub until: DateTime<Utc>,
    /// The duration of the lease, by the configuration of the holder. `None` for a holder of an earlier
    /// version.
    pub duration: Option<Duration>,
    /// `true` if the reader is the holder.
    pub is_own: bool,
}

/// An attempt whose worker stopped responding, as its row shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LostAttempt<'a> {
    /// The claim.
    pub claimed: &'a ClaimedAttempt,
    /// The last saved progress.
    pub projection: &'a Projection,
    /// The error details for staff.
    pub traceback: &'a str,
}

#[derive(Debug, FromQueryResult)]
struct HeartbeatReplyRow {
    id: Uuid,
    attempt: i32,
    cancel_requested: bool,
}

#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct LeaseRow {
    id: Uuid,
    attempt: i32,
    lease_until: Option<DateTime<Utc>>,
    lease_ms: Option<i64>,
    worker: Option<String>,
}

/// Maximum number of runs per statement. With more runs, a statement often has more than 32 KiB. The PostgreSQL driver
/// does not set `TCP_NODELAY`, so such a statement waits for an acknowledgement that the server delays by 40 ms.
const HEARTBEATS_LEN_MAX: usize = 250;

/// Name of the table of the reports of a heartbeat.
const BEATS: &str = "beat";

/// The columns of a report.
const BEAT_COLUMNS: [&str; 5] = ["run", "of_attempt", "text", "level", "done"];

/// Name of the query for the reports whose rows the heartbeat has locked.
const LOCKED: &str = "locked";

impl Store {
    /// Renews the leases of these runs. Returns a reply for each run that still belongs to the worker. One update
    /// covers up to 250 runs. The update does not wait for rows that another transaction has locked.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn heartbeat(
        &self,
        heartbeats: &[Heartbeat],
        lease: Duration,
    ) -> Result<Vec<HeartbeatReply>, StoreError> {
        let mut replies = Vec::with_capacity(heartbeats.len());
        for heartbeats in heartbeats.chunks(HEARTBEATS_LEN_MAX) {
            let mut update = heartbeat(lease).into_query();
            update.from(LOCKED);
            let columns = [Column::Id, Column::Attempt, Column::CancelRequested];
            update.returning(Query::returning().columns(columns));
            // A materialized CTE, because the database may run a plain subquery once per row.
            let mut candidates = CommonTableExpression::new();
            candidates.table_name(LOCKED).columns(BEAT_COLUMNS).materialized(true).query(locked());
            let mut with = WithClause::new();
            with.cte(beats(heartbeats, self.db().get_database_backend())).cte(candidates);
            let rows: Vec<HeartbeatReplyRow> =
                self.write(update.with(with), "renew the leases of a worker").await?;
            replies.extend(rows.into_iter().map(|row| row.reply(true)));
        }
        let answered: HashSet<OperationId> = replies.iter().map(|reply| reply.id).collect();
        let skipped: Vec<&Heartbeat> =
            heartbeats.iter().filter(|report| !answered.contains(&report.id)).collect();
        let held = self.held(skipped.into_iter().map(|report| (report.id, report.attempt))).await?;
        replies.extend(held);
        Ok(replies)
    }

    /// Returns a reply for each of these runs that still belongs to its attempt. Reads only.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn held(
        &self,
        runs: impl IntoIterator<Item = (OperationId, Attempt)>,
    ) -> Result<Vec<HeartbeatReply>, StoreError> {
        let runs: HashSet<(OperationId, Attempt)> = runs.into_iter().collect();
        let ids: Vec<Uuid> = runs.iter().map(|(id, _)| id.as_uuid()).collect();
        let mut held = Vec::new();
        for ids in ids.chunks(HEARTBEATS_LEN_MAX) {
            let rows: Vec<HeartbeatReplyRow> = Entity::find()
                .select_only()
                .columns([Column::Id, Column::Attempt, Column::CancelRequested])
                .filter(is_in(OperationState::Started))
                .filter(Column::Id.is_in(ids.iter().copied()))
                .into_model()
                .all(self.statements())
                .await
                .map_err(StoreError::of("read the runs of a worker"))?;
            let rows =
                rows.into_iter().filter(|row| runs.contains(&(row.id.into(), row.attempt())));
            held.extend(rows.map(|row| row.reply(false)));
        }
        Ok(held)
    }

    /// Returns those of `ids` that another process could update now, because no transaction has locked
    /// their rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, or if nobody can update any row: the database is read-only,
    /// the table is locked, or another process writes the SQLite file.
    pub(crate) async fn updatable(
        &self,
        ids: Vec<OperationId>,
    ) -> Result<HashSet<OperationId>, StoreError> {
        const ACTION: &str = "check that leases can be renewed";
        let nothing = Entity::update_many()
            .filter(Column::Id.eq(Uuid::nil()))
            .col_expr(Column::LeaseUntil, Expr::col(Column::LeaseUntil));
        nothing.exec(self.statements()).await.map_err(StoreError::of(ACTION))?;
        if self.db().get_database_backend() != DbBackend::Postgres {
            return Ok(ids.into_iter().collect());
        }
        let mut updatable = HashSet::new();
        for ids in ids.chunks(HEARTBEATS_LEN_MAX) {
            let found: Vec<Uuid> = lockable(has_id(ids.iter().copied()))
                .into_tuple()
                .all(self.statements())
                .await
                .map_err(StoreError::of(ACTION))?;
            updatable.extend(found.into_iter().map(OperationId::from));
        }
        Ok(updatable)
    }

    /// Returns those of `ids` for which a user requested cancellation, with the attempt that is to stop.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn cancel_requests(
        &self,
        ids: impl IntoIterator<Item = OperationId>,
    ) -> Result<Vec<(OperationId, Attempt)>, StoreError> {
        let ids: Vec<Uuid> = ids.into_iter().map(OperationId::as_uuid).collect();
        let mut requested = Vec::new();
        for ids in ids.chunks(HEARTBEATS_LEN_MAX) {
            let found: Vec<(Uuid, i32)> = Entity::find()
                .select_only()
                .column(Column::Id)
                .column(Column::Attempt)
                .filter(Column::Id.is_in(ids.iter().copied()))
                .filter(Column::CancelRequested.eq(true))
                .into_tuple()
                .all(self.statements())
                .await
                .map_err(StoreError::of("read the cancel requests"))?;
            requested.extend(found.into_iter().map(|(id, attempt)| {
                (OperationId::from(id), Attempt(u32::try_from(attempt).unwrap_or(0)))
            }));
        }
        Ok(requested)
    }

    /// Returns all current leases, as `worker` reads them.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn leases(&self, worker: &str) -> Result<Vec<Lease>, StoreError> {
        let rows: Vec<LeaseRow> = Entity::find()
            .filter(is_in(OperationState::Started))
            // The order of the index of the running operations, so that SQLite reads this index.
            .order_by_asc(Column::Id)
            .into_partial_model()
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the leases"))?;
        let leases = rows.into_iter().filter_map(|row| {
            Some(Lease {
                id: row.id.into(),
                attempt: Attempt(u32::try_from(row.attempt).unwrap_or(0)),
                until: row.lease_until?,
                duration: row
                    .lease_ms
                    .map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
                is_own: row.worker.as_deref() == Some(worker),
            })
        });
        Ok(leases.collect())
    }

    /// Puts a run whose worker stopped responding back into the queue for another attempt, with a message for its
    /// owner, and records the lost attempt. Returns `None` if the worker has renewed the lease since `lease` was read,
    /// another transaction has locked the row, a user requested cancellation, or another process acted first.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn rescue(
        &self,
        lease: Lease,
        lost_attempt: LostAttempt<'_>,
        message: &str,
    ) -> Result<Option<Model>, StoreError> {
        let LostAttempt { claimed, projection, traceback } = lost_attempt;
        let record = claimed.record(&AttemptEnd {
            on: Utc::now(),
            outcome: AttemptOutcome::Lost,
            message: Some(message),
            traceback: Some(traceback),
            projection,
        });
        let rescue = requeued(lost(OperationState::NotStarted, lease), Utc::now())
            .filter(Column::CancelRequested.eq(false))
            .col_expr(Column::ErrorMessage, Expr::value(message))
            .col_expr(Column::Rescues, Expr::col(Column::Rescues).add(1))
            .col_expr(Column::Attempt, next_attempt());
        self.update_one_recorded(rescue, [record], Columns::All, "rescue a run").await
    }

    /// Ends a run whose worker stopped responding, and records the lost attempt. Returns `None` if the worker has
    /// renewed the lease since `lease` was read, another transaction has locked the row, or another process acted
    /// first. The kind of the claim may be [unregistered](crate::operation::OperationKind), so `op_type` is that of the
    /// row.
    ///
    /// The ending belongs to a new attempt, which does not count against the budget. The new attempt number
    /// fences off later writes and frames of the lost worker.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn give_up(
        &self,
        lease: Lease,
        (op_type, claimed): (&str, &ClaimedAttempt),
        conclusion: RunConclusion<'_>,
    ) -> Result<Option<Model>, StoreError> {
        let (on, next) = (Utc::now(), Attempt(lease.attempt.0 + 1));
        let state = conclusion.ending.state();
        let mut records = self.outbox_entries(lease.id, op_type, state);
        records.extend(conclusion.records(claimed, on, AttemptOutcome::Lost));
        let end = lost(state, lease)
            .col_expr(Column::Rescues, Expr::col(Column::Rescues).add(1))
            .col_expr(Column::Attempt, next_attempt())
            .col_expr(Column::AttemptsBefore, Expr::col(Column::AttemptsBefore).add(1));
        let end = conclusion.write(end, on, next, &claimed.kind);
        self.update_one_recorded(end, records, Columns::All, "end a lost run").await
    }
}

/// Builds an update of a run whose lease is still as in `lease`.
fn lost(to: OperationState, lease: Lease) -> UpdateMany<Entity> {
    transition(lease.id, to)
        .filter(is_in(OperationState::Started))
        .fenced(lease.attempt)
        .filter(Column::LeaseUntil.eq(lease.until))
        .filter(Column::Id.in_subquery(lockable(has_id([lease.id])).into_query()))
}

fn has_id(ids: impl IntoIterator<Item = OperationId>) -> Expr {
    Column::Id.is_in(ids.into_iter().map(OperationId::as_uuid))
}

/// Selects the IDs of the rows with `condition` and locks the rows for an update, apart from those that another
/// transaction has locked. SQLite has no row locks.
fn lockable(condition: Expr) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(condition)
        // The lock mode of an update that changes no key. A foreign key that references the row does not conflict with
        // it.
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
}

impl HeartbeatReplyRow {
    fn attempt(&self) -> Attempt {
        Attempt(u32::try_from(self.attempt).unwrap_or(0))
    }

    fn reply(self, is_renewed: bool) -> HeartbeatReply {
        let Self { id, cancel_requested, .. } = self;
        HeartbeatReply { id: id.into(), cancel_requested, is_renewed }
    }
}

/// Builds the update of the runs in [`LOCKED`]. Its cost is linear in their number.
fn heartbeat(lease: Duration) -> UpdateMany<Entity> {
    let beat = |column: &'static str| Expr::col((LOCKED, column));
    leased(Entity::update_many(), lease)
        .filter(is_in(OperationState::Started))
        .filter(Column::Id.into_expr().eq(beat("run")))
        .filter(Column::Attempt.into_expr().eq(beat("of_attempt")))
        .col_expr(Column::StatusText, beat("text"))
        .col_expr(Column::StatusLevel, beat("level"))
        .col_expr(Column::Percent, beat("done"))
}

/// Selects the reports whose rows no other transaction has locked, and locks these rows. The query has only one join
/// with the rows: PostgreSQL does not know the number of reports, and with two joins it may compare each report with
/// each row.
fn locked() -> SelectStatement {
    let row = Expr::col((Entity, Column::Id));
    Query::select()
        .columns(BEAT_COLUMNS.map(|column| (BEATS, column)))
        .from(BEATS)
        .inner_join(Entity, row.eq(Expr::col((BEATS, "run"))))
        // The lock mode of an update that changes no key. A foreign key that references the row does not conflict with
        // it.
        .lock_with_tables_behavior(LockType::NoKeyUpdate, [Entity], LockBehavior::SkipLocked)
        .take()
}

/// Returns the reports as a table.
fn beats(heartbeats: &[Heartbeat], backend: DbBackend) -> CommonTableExpression {
    let reports = heartbeats.iter().map(|report| {
        (report.id.as_uuid(), report.attempt.0, text(report), level(report), report.percent)
    });
    let query = if backend == DbBackend::Postgres { of_json(reports) } else { of_values(reports) };
    let mut beats = CommonTableExpression::new();
    beats.table_name(BEATS).columns(BEAT_COLUMNS).query(query);
    beats
}

type Report<'a> = (Uuid, u32, &'a str, &'static str, Option<f64>);

/// Selects the reports from one parameter: with thousands of parameters, PostgreSQL needs more time to plan the
/// statement than to execute it.
fn of_json<'a>(reports: impl Iterator<Item = Report<'a>>) -> SelectStatement {
    let reports = serde_json::Value::from_iter(reports.map(|report| serde_json::json!(report)));
    let fields = ["uuid", "bigint", "text", "text", "double precision"];
    let fields = fields.iter().enumerate();
    let reports = Func::cust("jsonb_array_elements").arg(Expr::value(reports));
    Query::select()
        .exprs(
            fields.map(|(field, of_type)| Expr::cust(format!("(report ->> {field})::{of_type}"))),
        )
        .from_function(reports, "report")
        .take()
}

/// Selects the reports from a table of values. Rows for no run fill the table up to a power of two, so that the
/// database prepares few different statements.
fn of_values<'a>(reports: impl ExactSizeIterator<Item = Report<'a>>) -> SelectStatement {
    let padding = reports.len().next_power_of_two() - reports.len();
    let rows = reports.chain(iter::repeat_n((Uuid::nil(), 0, "", "", None), padding));
    Query::select().expr(Expr::cust("*")).from_values(rows, "report").take()
}

fn text(report: &Heartbeat) -> &str {
    report.status.as_ref().map_or("", |status| &status.text)
}

fn level(report: &Heartbeat) -> &'static str {
    report.status.as_ref().map_or("", |status| status.level.as_str())
}
