//! Conflicts between transactions, and the repetition of statements and transactions that lost one.
//!
//! PostgreSQL cancels a statement or a transaction that cannot be serialized with others, or that is in a
//! deadlock, and expects the client to repeat it. Conflicts are usual if the default isolation of the database
//! is `repeatable read` or `serializable`. A cancelled transaction has written nothing, so repeating it is safe.

use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::time::{self, Instant};

use super::{
    StoreError,
    connections::BUSY_POLL,
    server::{self, ServerWaits},
};

/// Maximum number of repetitions. The waits between them add up to half a second on average.
const REPETITIONS_MAX: u32 = 10;

/// The upper bound of the random wait before the first repetition. The bound doubles up to
/// [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(4);

/// The upper bound of all waits.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// Time in which a connection returns to its pool.
const RETURN_WAIT: Duration = Duration::from_millis(20);

/// Counts the repetitions of one statement or transaction.
#[derive(Debug, Default)]
pub(crate) struct Repetitions {
    count: u32,
}

impl Repetitions {
    /// Waits before the next repetition. Returns `false` at once if `error` is no conflict, or after the
    /// maximum number of repetitions.
    pub(crate) async fn wait_after(&mut self, error: &StoreError) -> bool {
        self.wait(error.is_conflict()).await
    }

    async fn wait(&mut self, is_conflict: bool) -> bool {
        if !is_conflict || self.count == REPETITIONS_MAX {
            return false;
        }
        let bound = FIRST_WAIT.saturating_mul(1 << self.count).min(LONGEST_WAIT);
        self.count += 1;
        // Random, so that the parties of a conflict do not meet again. Without a random source they may.
        let share = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        time::sleep(bound.mul_f64(share)).await;
        true
    }
}

/// Returns `true` for a serialization failure (SQLSTATE 40001) and a deadlock (40P01).
pub(super) fn is_conflict(error: &DbErr) -> bool {
    has_code(error, &["40001", "40P01"])
}

/// Returns `true` if the statement waited for a lock until PostgreSQL's `lock_timeout` (SQLSTATE 55P03).
pub(super) fn is_lock_timeout(error: &DbErr) -> bool {
    has_code(error, &["55P03"])
}

/// Returns `true` if a server ended the statement at its limit (SQLSTATE 57014).
pub(super) fn is_statement_timeout(error: &DbErr) -> bool {
    has_code(error, &["57014"])
}

/// Returns `true` if a server did not answer in time. The server may have executed the statement, or may execute it
/// later.
pub(super) fn is_unanswered(error: &DbErr) -> bool {
    #[cfg(feature = "postgres")]
    if sqlx_error(error).is_some_and(super::server_pool::is_timeout) {
        return true;
    }
    #[cfg(not(feature = "postgres"))]
    let _ = error;
    false
}

/// Returns `true` if the server refused to write: it is read-only, or a standby server in recovery (SQLSTATE
/// 25006).
pub(super) fn is_read_only(error: &DbErr) -> bool {
    has_code(error, &["25006"])
}

/// Returns `true` if another row references the row: SQLSTATE 23503, for `RESTRICT` since PostgreSQL 18 also
/// 23001, and `SQLITE_CONSTRAINT_FOREIGNKEY`, for `RESTRICT` `SQLITE_CONSTRAINT_TRIGGER`.
pub(super) fn is_referenced(error: &DbErr) -> bool {
    has_code(error, &["23503", "23001", "787", "1811"])
}

/// Returns `true` if the database answered with one of these codes.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn has_code(error: &DbErr, codes: &[&str]) -> bool {
    sqlx_error(error)
        .and_then(|error| error.as_database_error()?.code())
        .is_some_and(|code| codes.contains(&&*code))
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn sqlx_error(error: &DbErr) -> Option<&sea_orm::sqlx::Error> {
    use sea_orm::RuntimeErr;

    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Returns `false`: without a driver there is no database.
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
pub(super) fn has_code(_: &DbErr, _: &[&str]) -> bool {
    false
}

/// Returns `true` if a SQLite file is locked by another connection (`SQLITE_BUSY`).
#[cfg(feature = "sqlite")]
pub(super) fn is_busy(error: &DbErr) -> bool {
    use sea_orm::sqlx::{error::DatabaseError, sqlite::SqliteError};

    const SQLITE_BUSY: u32 = 5;
    // The lowest byte of an extended code is the primary code.
    sqlx_error(error)
        .and_then(|error| error.as_database_error()?.try_downcast_ref::<SqliteError>()?.code())
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// Returns `false`: servers wait for locks.
#[cfg(not(feature = "sqlite"))]
pub(super) fn is_busy(_: &DbErr) -> bool {
    false
}

/// Returns `true` if SQLite could not open another connection to the file, as at the limit of open files
/// (`SQLITE_CANTOPEN`). An open connection becomes free soon.
fn cannot_open(error: &DbErr) -> bool {
    has_code(error, &["14"])
}

/// Returns `true` if every connection of the pool was in use for too long.
pub(super) fn is_pool_timeout(error: &DbErr) -> bool {
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    if matches!(sqlx_error(error), Some(sea_orm::sqlx::Error::PoolTimedOut)) {
        return true;
    }
    matches!(error, DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout))
}

/// A connection for statements outside of transactions. Repeats a statement that lost a conflict, and a
/// statement for which a SQLite file was locked.
#[derive(Debug, Clone)]
pub(crate) struct RepeatingConnection {
    db: DatabaseConnection,
    /// Maximum time of repetitions for a locked file.
    busy_wait: Duration,
    waits: ServerWaits,
}

impl RepeatingConnection {
    pub(super) fn new(db: DatabaseConnection, busy_wait: Duration, waits: ServerWaits) -> Self {
        Self { db, busy_wait, waits }
    }

    /// Returns the connection for statements that may take as long as they need.
    pub(super) fn without_deadline(&self) -> Self {
        Self { waits: ServerWaits { answer: None, ..self.waits }, ..self.clone() }
    }

    /// Closes the unused connections, so that the next statement opens another one. For a server that is
    /// read-only: it may have become a standby, and another server the primary.
    pub(super) async fn reopen(&self) {
        // The connection of the last statement returns to the pool in a task.
        time::sleep(RETURN_WAIT).await;
        server::close_idle(&self.db);
    }
}

/// Awaits a statement again while it loses conflicts, or the file is locked, and once on a new connection if the
/// server is read-only.
macro_rules! repeat {
    ($connection:expr, $statement:expr) => {{
        let mut repetitions = Repetitions::default();
        let deadline = Instant::now() + $connection.busy_wait;
        let mut is_reopened = false;
        loop {
            match $statement.await {
                Err(error) if repetitions.wait(is_conflict(&error)).await => {}
                Err(error)
                    if (is_busy(&error) || cannot_open(&error)) && Instant::now() < deadline =>
                {
                    time::sleep(BUSY_POLL).await;
                }
                Err(error) if is_read_only(&error) && !is_reopened => {
                    is_reopened = true;
                    $connection.reopen().await;
                }
                answer => return answer,
            }
        }
    }};
}

#[async_trait]
impl ConnectionTrait for RepeatingConnection {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        repeat!(self, server::execute(&self.db, statement.clone(), self.waits))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        repeat!(self, self.db.execute_unprepared(sql))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        // All queries for one row have one row at most.
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        repeat!(self, server::query_all(&self.db, statement.clone(), self.waits))
    }
}
