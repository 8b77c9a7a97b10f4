//! Statements to a PostgreSQL server, with limits on their duration.
//!
//! The network can forget a connection of the pool without notice, and the system then waits for an answer for about 15
//! minutes. A client that stops waiting must be able to learn later whether the server executed the statement. A
//! statement that writes therefore has limits on the server too, which end earlier than the wait of the client.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use tokio::time;

#[cfg(feature = "postgres")]
use super::server_pool;

/// Maximum time for which a statement of a request waits for a connection of the pool and, again, for the answer.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// The limits that the server enforces for the duration of a statement, and the durability of its commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatementLimits {
    /// Maximum duration of the statement.
    statement: Duration,
    /// Maximum wait for each lock.
    lock: Duration,
    /// `false` if a crash of the server may lose the commit.
    is_durable: bool,
}

impl StatementLimits {
    /// Creates limits with which the server cancels a statement before the deadline of the client. A later read then
    /// shows whether the server executed a statement without an answer.
    pub(super) fn within(deadline: Duration) -> Self {
        Self { statement: deadline.saturating_mul(3) / 4, lock: deadline / 2, is_durable: true }
    }

    /// Sets the durability of commits. A commit that is not durable does not wait for the disk.
    pub(super) fn with_durable_commits(self, is_durable: bool) -> Self {
        Self { is_durable, ..self }
    }

    /// Returns statements that set the limits for the rest of the session.
    pub(super) fn set_for_session(self) -> String {
        self.set("SET")
    }

    /// Returns statements that set the limits for the rest of the transaction.
    pub(super) fn set_for_transaction(self) -> String {
        self.set("SET LOCAL")
    }

    fn set(self, verb: &str) -> String {
        // Zero would be no limit, and the server stores the limit in 32 bits.
        let [statement, lock] = [self.statement, self.lock]
            .map(|limit| limit.as_millis().clamp(1, u128::from(i32::MAX.unsigned_abs())));
        let limits =
            format!("{verb} statement_timeout = {statement}; {verb} lock_timeout = {lock}");
        if self.is_durable {
            return limits;
        }
        format!("{limits}; {verb} synchronous_commit = off")
    }
}

/// The waits for a server.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ServerWaits {
    /// Maximum time to wait for a connection of the pool, and also for the answer. `None` if the caller has a deadline.
    pub(super) answer: Option<Duration>,
    /// Limits of each statement, which then runs in a separate transaction. `None` if the session has the limits.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "there is no server"))]
    pub(super) limits: Option<StatementLimits>,
}

impl ServerWaits {
    /// Returns the waits for the reading statements of a request.
    pub(super) fn of_reads() -> Self {
        Self { answer: Some(ANSWER_WAIT_MAX), limits: None }
    }

    /// Returns the waits for the writing statements of a request.
    pub(super) fn of_writes() -> Self {
        let limits = Some(StatementLimits::within(ANSWER_WAIT_MAX));
        Self { limits, ..Self::of_reads() }
    }

    /// Returns `false` if the caller and the session limit the waits.
    #[cfg(feature = "postgres")]
    fn are_limited(self) -> bool {
        self.answer.is_some() || self.limits.is_some()
    }

    /// Waits for `answer` of a database. A server must answer in the limited time.
    ///
    /// # Errors
    ///
    /// Returns the error of `answer`, or an error if a server does not answer in time.
    pub(super) async fn wait_for<T>(
        self,
        db: &DatabaseConnection,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let Some(wait) = self.answer.filter(|_| is_server(db)) else { return answer.await };
        let answered = time::timeout(wait, answer).await;
        answered.unwrap_or_else(|_| {
            close_idle(db);
            Err(unanswered(wait))
        })
    }
}

fn is_server(db: &DatabaseConnection) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

/// Runs a statement and returns its rows. With limited waits, the statement bypasses sea-orm's callback for metrics.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "there is no server"))]
pub(super) async fn query_all(
    db: &DatabaseConnection,
    statement: Statement,
    waits: ServerWaits,
) -> Result<Vec<QueryResult>, DbErr> {
    #[cfg(feature = "postgres")]
    if waits.are_limited()
        && let Some(pool) = server_pool::of(db)
    {
        return server_pool::query_all(pool, statement, waits).await;
    }
    db.query_all_raw(statement).await
}

/// Runs a statement.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "there is no server"))]
pub(super) async fn execute(
    db: &DatabaseConnection,
    statement: Statement,
    waits: ServerWaits,
) -> Result<ExecResult, DbErr> {
    #[cfg(feature = "postgres")]
    if waits.are_limited()
        && let Some(pool) = server_pool::of(db)
    {
        return server_pool::execute(pool, statement, waits).await;
    }
    db.execute_raw(statement).await
}

/// Closes the unused connections of a pool to a server, so that the next use opens another one.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "there is no server"))]
pub(super) fn close_idle(db: &DatabaseConnection) {
    #[cfg(feature = "postgres")]
    if let Some(pool) = server_pool::of(db) {
        server_pool::close_idle(pool);
    }
}

/// Returns the error for a server that did not answer within `wait`.
pub(super) fn unanswered(wait: Duration) -> DbErr {
    let message = format!("the database did not answer within {wait:?}");
    #[cfg(feature = "postgres")]
    return server_pool::unanswered(message);
    #[cfg(not(feature = "postgres"))]
    return DbErr::Custom(message);
}
