//! The logs of operations: the sea-orm entity, and every query on it.
//!
//! A row has a chunk of consecutive lines. The lines of an operation are numbered from 0 over all of its attempts, so a
//! gap in the numbers shows how many lines were left out. The heartbeat appends chunks of runs that still belong to
//! their attempt; the last lines of an attempt are inserted in the commit that ends it. A chunk with a number that the
//! table has is the same chunk, sent again after a lost answer.
//!
//! The column `log` of the operations belongs to processes of an earlier version, which run beside this one during a
//! deploy. Their lines are read from that column.

use std::{cmp, iter, sync::Arc};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    DbBackend, FromQueryResult, Statement,
    entity::prelude::*,
    sea_query::{
        CommonTableExpression, ExprTrait, Func, LockBehavior, LockType, OnConflict, Query,
        SelectStatement, SubQueryStatement, WithClause,
    },
};

use super::{
    ClaimedAttempt, Column as Operations, Entity as Operation, Model as OperationRow, Store,
    StoreError, recorded_write::Record, restore::read, transition::is_in,
};
use crate::{
    event::LogLine,
    operation::{Attempt, OperationId, OperationState},
    projection::{LogChunk, LogSize, TAIL_BYTES_MAX, TAIL_LEN_MAX, Tail},
};

const APPEND: &str = "append to the logs of runs";
const READ: &str = "read the log of an operation";

/// Maximum size of a statement that appends chunks, in bytes. The PostgreSQL driver does not set `TCP_NODELAY`, so a
/// statement with more than 32 KiB waits for an acknowledgement that the server delays by 40 ms.
const APPEND_BYTES_MAX: usize = 30 << 10;

/// Maximum number of chunks that one statement deletes with their operations, at most 8 MiB of texts.
const PRUNED_LEN_MAX: u64 = 500;

/// Selects the chunks of operation `$1` from line `$2` of the attempts from `$3` to `$4`: the first ones with `$5` lines or
/// `$6` bytes, in order. Neither the query nor its answer grows with the log.
const PAGE: &str = "SELECT first_line, attempt, line_count, lines FROM liveops_log \
    WHERE operation = $1 AND first_line >= $2 AND attempt BETWEEN $3 AND $4 AND first_line <= (\
    SELECT MAX(first_line) FROM (SELECT first_line, \
    SUM(line_count) OVER up - line_count AS lines_before, SUM(text_bytes) OVER up - text_bytes AS bytes_before \
    FROM (SELECT first_line, line_count, text_bytes FROM liveops_log \
    WHERE operation = $1 AND first_line >= $2 AND attempt BETWEEN $3 AND $4 ORDER BY first_line LIMIT $5) AS part \
    WINDOW up AS (ORDER BY first_line)) AS sized WHERE lines_before < $5 AND bytes_before < $6) ORDER BY first_line";

/// Selects as [`PAGE`] the last ones.
const NEWEST: &str = "SELECT first_line, attempt, line_count, lines FROM liveops_log \
    WHERE operation = $1 AND attempt BETWEEN $3 AND $4 AND first_line >= (\
    SELECT MIN(first_line) FROM (SELECT first_line, \
    SUM(line_count) OVER down - line_count AS lines_after, SUM(text_bytes) OVER down - text_bytes AS bytes_after \
    FROM (SELECT first_line, line_count, text_bytes FROM liveops_log \
    WHERE operation = $1 AND first_line >= $2 AND attempt BETWEEN $3 AND $4 ORDER BY first_line DESC LIMIT $5) AS part \
    WINDOW down AS (ORDER BY first_line DESC)) AS sized WHERE lines_after < $5 AND bytes_after < $6) \
    ORDER BY first_line";

/// Deletes chunks in the middle of the log of operation `$1` above `$2` lines or `$3` bytes, behind the first `$4` lines
/// and `$5` bytes and before the last `$6` lines and `$7` bytes.
const SHORTEN: &str = "WITH sized AS (SELECT first_line, \
    SUM(line_count) OVER up AS lines_to, SUM(text_bytes) OVER up AS bytes_to, \
    SUM(line_count) OVER down AS lines_from, SUM(text_bytes) OVER down AS bytes_from, \
    SUM(line_count) OVER () AS all_lines, SUM(text_bytes) OVER () AS all_bytes \
    FROM liveops_log WHERE operation = $1 \
    WINDOW up AS (ORDER BY first_line), down AS (ORDER BY first_line DESC)) \
    DELETE FROM liveops_log WHERE operation = $1 AND first_line IN (SELECT first_line FROM sized \
    WHERE (all_lines > $2 OR all_bytes > $3) AND (lines_to > $4 OR bytes_to > $5) \
    AND (lines_from > $6 OR bytes_from > $7)) RETURNING line_count, text_bytes";

/// Deletes `$3` chunks of operations that do not exist, from operation `$1` to before `$2`. `{row}` is the position of a
/// row in the table: with its key, PostgreSQL may read the whole table.
const PRUNE: &str = "DELETE FROM liveops_log WHERE {row} IN (\
    SELECT {row} FROM liveops_log AS kept WHERE operation >= $1 AND operation < $2 \
    AND NOT EXISTS (SELECT 1 FROM liveops_operation WHERE liveops_operation.id = kept.operation) \
    ORDER BY operation, first_line LIMIT $3) RETURNING operation";

/// Consecutive lines of a log.
#[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "liveops_log")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) operation: Uuid,
    /// The number of the first line.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) first_line: i64,
    /// The number of the attempt in the row of the operation.
    pub(super) attempt: i32,
    pub(super) line_count: i32,
    /// The size of the texts.
    pub(super) text_bytes: i32,
    /// The lines, as [`LogLine`]s.
    pub(super) lines: Json,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A chunk to append to the log of a run.
#[derive(Debug, Clone)]
pub(crate) struct LogAppend {
    pub id: OperationId,
    pub attempt: Attempt,
    pub chunk: Arc<LogChunk>,
}

impl LogAppend {
    /// An estimate of the size in a statement, which is seldom exceeded.
    fn statement_bytes(&self) -> usize {
        let LogChunk { lines, bytes, .. } = &*self.chunk;
        100 + bytes + bytes / 8 + 80 * lines.len()
    }
}

/// Splits chunks into groups, one for each statement.
pub(crate) fn log_statements(chunks: &[LogAppend]) -> impl Iterator<Item = &[LogAppend]> {
    let mut bytes = 0;
    chunks.chunk_by(move |before, next| {
        if bytes == 0 {
            bytes = before.statement_bytes();
        }
        bytes += next.statement_bytes();
        let is_together = bytes <= APPEND_BYTES_MAX;
        if !is_together {
            bytes = 0;
        }
        is_together
    })
}

/// The extent of a log.
#[derive(Debug, Clone)]
pub(crate) struct LogExtent {
    /// The newest lines since the newest retry.
    pub tail: Tail<Arc<LogLine>>,
    /// The number of lines logged so far.
    pub next: u64,
    /// The size of the lines in the table.
    pub stored: LogSize,
}

/// Consecutive lines of a log, with their attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoggedLines {
    /// The number of the first line.
    pub first: u64,
    /// The number of the line after the last one.
    pub end: u64,
    pub attempt: Attempt,
    /// Empty for lines in the format of a later version.
    pub lines: Vec<LogLine>,
}

impl LoggedLines {
    /// Creates lines with numbers from `first`.
    pub(crate) fn new(first: u64, attempt: Attempt, lines: Vec<LogLine>) -> Self {
        Self { first, end: first + lines.len() as u64, attempt, lines }
    }
}

#[derive(Debug, FromQueryResult)]
struct ChunkRow {
    first_line: i64,
    attempt: i32,
    line_count: i32,
    lines: Json,
}

#[derive(Debug, Default, FromQueryResult)]
struct SizeRow {
    lines: Option<i64>,
    bytes: Option<i64>,
}

#[derive(Debug, FromQueryResult)]
struct DeletedRow {
    line_count: i32,
    text_bytes: i32,
}

/// The lines in the row of an operation.
#[derive(Debug, FromQueryResult)]
struct RowLog {
    log_seq: i64,
    lines: Json,
}

#[derive(Debug, FromQueryResult)]
struct Pruned {
    operation: Uuid,
}

#[derive(Debug, FromQueryResult)]
struct Appended {
    operation: Uuid,
    first_line: i64,
}

/// Name of the table of the chunks of a statement, and its columns.
const CHUNKS: &str = "chunk";
const CHUNK_COLUMNS: [&str; 6] = ["run", "first", "of_attempt", "count", "bytes", "content"];

const COLUMNS: [Column; 6] = [
    Column::Operation,
    Column::FirstLine,
    Column::Attempt,
    Column::LineCount,
    Column::TextBytes,
    Column::Lines,
];

impl Store {
    /// Appends chunks to the logs of runs, with one statement. Returns the chunks that the table has now, by the number
    /// of their first line. Leaves out the chunks of runs that no longer belong to their attempt, and those of runs
    /// whose rows another transaction has locked.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn append_log(
        &self,
        chunks: &[LogAppend],
    ) -> Result<Vec<(OperationId, u64)>, StoreError> {
        let mut append = Query::insert().into_table(Entity).columns(COLUMNS).take();
        append.select_from(held()).expect("as many values as columns");
        // A changed row is returned, and the chunk is the same.
        let again = OnConflict::columns([Column::Operation, Column::FirstLine])
            .update_column(Column::Attempt)
            .to_owned();
        append.on_conflict(again);
        append.returning(Query::returning().columns([Column::Operation, Column::FirstLine]));
        let mut with = WithClause::new();
        with.cte(chunk_table(chunks, self.backend()));
        let appended: Vec<Appended> = self.write(append.with(with), APPEND).await?;
        Ok(appended.iter().map(|row| (row.operation.into(), unsigned(row.first_line))).collect())
    }

    /// Deletes lines in the middle of the log of an operation if it has more than `limits`. The first quarter stays, and
    /// at least the newest half. Returns the size of the deleted lines.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn shorten_log(
        &self,
        id: OperationId,
        limits: LogSize,
    ) -> Result<LogSize, StoreError> {
        // Less than the limits, so that a run that logs much deletes seldom.
        let sizes = [limits, limits.fraction(1, 4), limits.fraction(5, 8)];
        let sizes = sizes.into_iter().flat_map(|size| [size.lines, size.bytes]);
        let values = iter::once(id.as_uuid().into()).chain(sizes.map(|size| integer(size).into()));
        let statement = Statement::from_sql_and_values(self.backend(), SHORTEN, values);
        let deleted: Vec<DeletedRow> =
            self.write_statement(statement, "shorten the log of an operation").await?;
        let mut size = LogSize::default();
        for DeletedRow { line_count, text_bytes } in deleted {
            size +=
                LogSize { lines: unsigned(line_count.into()), bytes: unsigned(text_bytes.into()) };
        }
        Ok(size)
    }

    /// Returns the extent of the log of an operation whose next attempt begins.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn log_extent(
        &self,
        operation: &OperationRow,
    ) -> Result<LogExtent, StoreError> {
        const SIZE: &str = "SELECT CAST(SUM(line_count) AS BIGINT) AS lines, \
            CAST(SUM(text_bytes) AS BIGINT) AS bytes FROM liveops_log WHERE operation = $1";
        let size = [operation.id.into()];
        let size = Statement::from_sql_and_values(self.backend(), SIZE, size);
        let size = SizeRow::find_by_statement(size).one(self.statements()).await;
        let SizeRow { lines, bytes } = size.map_err(StoreError::of(READ))?.unwrap_or_default();
        let newest = self.newest(operation, None).await?;
        Ok(LogExtent {
            next: cmp::max(newest.last().map_or(0, |last| last.end), unsigned(operation.log_seq)),
            stored: LogSize {
                lines: unsigned(lines.unwrap_or(0)),
                bytes: unsigned(bytes.unwrap_or(0)),
            },
            tail: tail(newest, unsigned(operation.log_from)),
        })
    }

    /// Returns the newest lines of the log of an operation since its newest retry.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn log_tail(
        &self,
        operation: &OperationRow,
    ) -> Result<Tail<Arc<LogLine>>, StoreError> {
        let newest = self.newest(operation, None).await?;
        Ok(tail(newest, unsigned(operation.log_from)))
    }

    /// Returns the newest lines of an attempt, with their numbers in the log of the operation.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn attempt_log_tail(
        &self,
        operation: &OperationRow,
        attempt: Attempt,
    ) -> Result<Tail<Arc<LogLine>>, StoreError> {
        Ok(tail(self.newest(operation, Some(attempt)).await?, 0))
    }

    /// Returns lines of the log of an operation, or of one of its attempts, from the line with the number `from`, in
    /// order. Returns a bounded part of the log; empty at its end.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn log_page(
        &self,
        operation: &OperationRow,
        attempt: Option<Attempt>,
        from: u64,
    ) -> Result<Vec<LoggedLines>, StoreError> {
        let page = self.chunks(PAGE, operation, attempt, from).await?;
        if page.is_empty() { self.lines_in_row(operation, attempt, from).await } else { Ok(page) }
    }

    async fn newest(
        &self,
        operation: &OperationRow,
        attempt: Option<Attempt>,
    ) -> Result<Vec<LoggedLines>, StoreError> {
        let from = if attempt.is_some() { 0 } else { unsigned(operation.log_from) };
        let mut newest = self.chunks(NEWEST, operation, attempt, from).await?;
        let end = newest.last().map_or(from, |last| last.end);
        newest.extend(self.lines_in_row(operation, attempt, end).await?);
        Ok(newest)
    }

    async fn chunks(
        &self,
        sql: &str,
        operation: &OperationRow,
        attempt: Option<Attempt>,
        from: u64,
    ) -> Result<Vec<LoggedLines>, StoreError> {
        let (first, last) = match attempt {
            Some(Attempt(attempt)) => (attempt, attempt),
            None => (0, u32::MAX),
        };
        let values = [
            operation.id.into(),
            integer(from).into(),
            i64::from(first).into(),
            i64::from(last).into(),
            integer(TAIL_LEN_MAX as u64).into(),
            integer(TAIL_BYTES_MAX as u64).into(),
        ];
        let chunks = Statement::from_sql_and_values(self.backend(), sql, values);
        let chunks = ChunkRow::find_by_statement(chunks).all(self.statements()).await;
        let chunks = chunks.map_err(StoreError::of(READ))?.into_iter();
        Ok(chunks.map(|chunk| chunk.into_lines(operation)).collect())
    }

    /// Returns the lines from number `from` that only the row of the operation has: a process of an earlier version
    /// has ended the newest attempt. Asks the database only if there are such lines.
    async fn lines_in_row(
        &self,
        operation: &OperationRow,
        attempt: Option<Attempt>,
        from: u64,
    ) -> Result<Vec<LoggedLines>, StoreError> {
        const LINES: &str = "SELECT log_seq, log AS lines FROM liveops_operation WHERE id = $1";
        let waits = operation.started_on.is_none() && operation.finished_on.is_none();
        let newest = Attempt(operation.attempt_number().0.saturating_sub(waits.into()));
        let is_asked = attempt.is_none_or(|attempt| attempt == newest);
        if unsigned(operation.log_seq) <= from || !is_asked {
            return Ok(Vec::new());
        }
        let id = [operation.id.into()];
        let row = Statement::from_sql_and_values(self.backend(), LINES, id);
        let row = RowLog::find_by_statement(row).one(self.statements()).await;
        let Some(RowLog { log_seq, lines }) = row.map_err(StoreError::of(READ))? else {
            return Ok(Vec::new());
        };
        let mut lines: Vec<LogLine> = read(operation, "log", &lines).unwrap_or_default();
        let first = unsigned(log_seq).saturating_sub(lines.len() as u64);
        let known = cmp::min(from.saturating_sub(first), lines.len() as u64);
        lines.drain(..known as usize);
        let rest = LoggedLines::new(first + known, newest, lines);
        Ok(if rest.lines.is_empty() { Vec::new() } else { vec![rest] })
    }

    /// Deletes at most [`PRUNED_LEN_MAX`] chunks of deleted operations, which had been enqueued before `before`. Begins
    /// at operation `from`, and returns the last operation of a full step; `None` if nothing is left.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(crate) async fn prune_logs(
        &self,
        before: DateTime<Utc>,
        from: Option<OperationId>,
    ) -> Result<Option<OperationId>, StoreError> {
        // UUIDs of version 7 sort by time.
        let end = u64::try_from(before.timestamp_millis() + 1).unwrap_or(0);
        let end = Uuid::from_u128(u128::from(end) << 80);
        let from = from.map_or(Uuid::nil(), OperationId::as_uuid);
        let values = [from.into(), end.into(), integer(PRUNED_LEN_MAX).into()];
        let row = if self.backend() == DbBackend::Postgres { "ctid" } else { "rowid" };
        let delete = PRUNE.replace("{row}", row);
        let delete = Statement::from_sql_and_values(self.backend(), delete, values);
        let deleted: Vec<Pruned> =
            self.write_statement(delete, "delete the logs of deleted operations").await?;
        let is_full = deleted.len() as u64 == PRUNED_LEN_MAX;
        let last = deleted.into_iter().map(|row| OperationId::from(row.operation)).max();
        Ok(last.filter(|_| is_full))
    }
}

/// Returns the lines without a gap at the end of `lines`, from number `from`, numbered from 0.
fn tail(lines: Vec<LoggedLines>, from: u64) -> Tail<Arc<LogLine>> {
    let mut tail = Tail::new(TAIL_LEN_MAX, TAIL_BYTES_MAX);
    for chunk in lines {
        let first = chunk.first.saturating_sub(from);
        if first > tail.next_id() {
            tail = Tail::resume([], first, TAIL_LEN_MAX, TAIL_BYTES_MAX);
        }
        let known = tail.next_id().saturating_sub(first) as usize;
        for line in chunk.lines.into_iter().skip(known) {
            tail.push(Arc::new(line));
        }
    }
    tail
}

/// Returns the records of the last lines of an attempt.
pub(super) fn record(claimed: &ClaimedAttempt, chunks: &[Arc<LogChunk>]) -> Option<Record> {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    Record::of_all(chunks.iter().map(|chunk| ActiveModel {
        operation: Set(claimed.id.as_uuid()),
        first_line: Set(integer(chunk.first)),
        attempt: Set(i32::try_from(claimed.attempt.0).unwrap_or(i32::MAX)),
        line_count: Set(count(chunk.lines.len())),
        text_bytes: Set(count(chunk.bytes)),
        lines: Set(json(chunk)),
    }))
}

/// Returns the number of lines logged so far, for an update of operation `id`.
pub(super) fn line_count(id: OperationId) -> Expr {
    let end = || Expr::col(Column::FirstLine).add(Expr::col(Column::LineCount));
    let log_seq = || Expr::col((Operation, Operations::LogSeq));
    let in_table = Query::select()
        .expr(Func::max(end()))
        .from(Entity)
        .and_where(Column::Operation.eq(id.as_uuid()))
        .and_where(end().gt(log_seq()))
        .take();
    let in_table = Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(in_table)));
    Func::coalesce([in_table, log_seq()]).into()
}

/// Selects the chunks of a statement whose runs belong to their attempt, and locks the rows of these runs.
fn held() -> SelectStatement {
    let column = |name: &'static str| Expr::col((CHUNKS, name));
    let selected = ["run", "first", "of_attempt", "count", "bytes", "content"];
    Query::select()
        .exprs(selected.map(column))
        .from(CHUNKS)
        .inner_join(Operation, Expr::col((Operation, Operations::Id)).eq(column("run")))
        .cond_where(is_in(OperationState::Started))
        .and_where(Expr::col((Operation, Operations::Attempt)).eq(column("of_attempt")))
        // The lock mode of an update that changes no key. Until the commit, no other process takes the run over.
        .lock_with_tables_behavior(LockType::NoKeyUpdate, [Operation], LockBehavior::SkipLocked)
        .take()
}

/// Returns the chunks of a statement as a table.
fn chunk_table(chunks: &[LogAppend], backend: DbBackend) -> CommonTableExpression {
    let chunks = chunks.iter().map(|LogAppend { id, attempt, chunk }| {
        let LogChunk { first, lines, bytes } = &**chunk;
        (id.as_uuid(), *first, attempt.0, lines.len(), *bytes, json(chunk))
    });
    let query = if backend == DbBackend::Postgres { of_json(chunks) } else { of_values(chunks) };
    let mut table = CommonTableExpression::new();
    table.table_name(CHUNKS).columns(CHUNK_COLUMNS).query(query);
    table
}

type ChunkValues = (Uuid, u64, u32, usize, usize, Json);

/// Selects the chunks from one parameter, as a heartbeat selects its reports.
fn of_json(chunks: impl Iterator<Item = ChunkValues>) -> SelectStatement {
    const FIELDS: [&str; 6] = [
        "(chunk ->> 0)::uuid",
        "(chunk ->> 1)::bigint",
        "(chunk ->> 2)::integer",
        "(chunk ->> 3)::integer",
        "(chunk ->> 4)::integer",
        "chunk -> 5",
    ];
    let chunks = Json::from_iter(chunks.map(|chunk| serde_json::json!(chunk)));
    let chunks = Func::cust("jsonb_array_elements").arg(Expr::value(chunks));
    Query::select().exprs(FIELDS.map(Expr::cust)).from_function(chunks, "chunk").take()
}

/// Selects the chunks from a table of values. Rows for no run fill the table up to a power of two, so that the
/// database prepares few different statements.
fn of_values(chunks: impl ExactSizeIterator<Item = ChunkValues>) -> SelectStatement {
    let padding = chunks.len().next_power_of_two() - chunks.len();
    let rows = chunks.chain(iter::repeat_n((Uuid::nil(), 0, 0, 0, 0, Json::Null), padding));
    let rows = rows.map(|(run, first, attempt, count, bytes, content)| {
        let numbers = [first, attempt.into(), count as u64, bytes as u64].map(integer);
        let [first, attempt, count, bytes] = numbers;
        (run, first, attempt, count, bytes, content)
    });
    Query::select().expr(Expr::cust("*")).from_values(rows, "content").take()
}

fn json(chunk: &LogChunk) -> Json {
    let lines: Vec<&LogLine> = chunk.lines.iter().map(|line| &**line).collect();
    serde_json::json!(lines)
}

pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl ChunkRow {
    fn into_lines(self, operation: &OperationRow) -> LoggedLines {
        let Self { first_line, attempt, line_count, lines } = self;
        let first = unsigned(first_line);
        LoggedLines {
            first,
            end: first + unsigned(line_count.into()),
            attempt: Attempt(u32::try_from(attempt).unwrap_or(0)),
            lines: read(operation, "log.lines", &lines).unwrap_or_default(),
        }
    }
}
