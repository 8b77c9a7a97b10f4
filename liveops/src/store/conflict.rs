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
use tokio::time;

use super::StoreError;

/// Maximum number of repetitions. The waits between them add up to half a second on average.
const REPETITIONS_MAX: u32 = 10;

/// The upper bound of the random wait before the first repetition. The bound doubles up to
/// [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(4);

/// The upper bound of all waits.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

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

/// Returns `true` if the database answered with one of these codes.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn has_code(error: &DbErr, codes: &[&str]) -> bool {
    use sea_orm::RuntimeErr;

    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let Some(error) = error.as_database_error() else { return false };
    error.code().is_some_and(|code| codes.contains(&&*code))
}

/// Returns `false`: without a driver there is no database.
#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
pub(super) fn has_code(_: &DbErr, _: &[&str]) -> bool {
    false
}

/// A connection for statements outside of transactions. Repeats a statement that lost a conflict.
#[derive(Debug, Clone)]
pub(crate) struct RepeatingConnection(DatabaseConnection);

impl RepeatingConnection {
    pub(super) fn new(db: DatabaseConnection) -> Self {
        Self(db)
    }
}

/// Awaits a statement again while it loses conflicts.
macro_rules! repeat {
    ($statement:expr) => {{
        let mut repetitions = Repetitions::default();
        loop {
            match $statement.await {
                Err(error) if repetitions.wait(is_conflict(&error)).await => {}
                answer => return answer,
            }
        }
    }};
}

#[async_trait]
impl ConnectionTrait for RepeatingConnection {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        repeat!(self.0.execute_raw(statement.clone()))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        repeat!(self.0.execute_unprepared(sql))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        repeat!(self.0.query_one_raw(statement.clone()))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        repeat!(self.0.query_all_raw(statement.clone()))
    }
}
