//! Statements of requests on a pool to PostgreSQL, each with limited waits for a connection and for the answer.

use std::{io, sync::Arc, time::Duration};

use sea_orm::{
    ConnAcquireErr, DatabaseConnection, DatabaseConnectionType, DbErr, ExecResult, QueryResult,
    RuntimeErr, Statement,
    sea_query::Values,
    sqlx::{
        self, AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres,
        pool::PoolConnection, query::Query,
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::{
    runtime::Handle,
    time::{self, Instant},
};

use super::server::ServerWaits;

/// Maximum time for the late answer on a connection whose request has ended. After this time liveops closes the
/// connection.
const LATE_ANSWER_MAX: Duration = Duration::from_secs(10);

/// Begins the transaction of one statement. A stricter isolation would only add conflicts.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Returns the pool of a connection to PostgreSQL.
pub(super) fn of(db: &DatabaseConnection) -> Option<&PgPool> {
    match &db.inner {
        DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
            Some(db.get_postgres_connection_pool())
        }
        _ => None,
    }
}

/// Runs a statement and returns its rows.
pub(super) async fn query_all(
    pool: &PgPool,
    statement: Statement,
    waits: ServerWaits,
) -> Result<Vec<QueryResult>, DbErr> {
    let mut using = Using::begin(pool, waits).await?;
    let rows = within(waits.answer, query(&statement).fetch_all(using.connection())).await;
    let rows = using.end(rows).await.map_err(|error| DbErr::Query(runtime(error)))?;
    Ok(rows.into_iter().map(QueryResult::from).collect())
}

/// Runs a statement.
pub(super) async fn execute(
    pool: &PgPool,
    statement: Statement,
    waits: ServerWaits,
) -> Result<ExecResult, DbErr> {
    let mut using = Using::begin(pool, waits).await?;
    let done = within(waits.answer, query(&statement).execute(using.connection())).await;
    let done = using.end(done).await.map_err(|error| DbErr::Exec(runtime(error)))?;
    Ok(done.into())
}

/// A connection of the pool that runs a statement.
///
/// If the caller stops waiting, the connection has [`LATE_ANSWER_MAX`] to answer before it returns to the pool. Without
/// an answer it is closed, because the pool itself would wait without a limit.
struct Using {
    pool: PgPool,
    /// `None` at the end.
    connection: Option<PoolConnection<Postgres>>,
    wait: Option<Duration>,
    is_in_transaction: bool,
    is_answered: bool,
}

impl Using {
    /// Takes a connection, and begins a transaction if the statement has limits.
    async fn begin(pool: &PgPool, waits: ServerWaits) -> Result<Self, DbErr> {
        let mut using = Self {
            pool: pool.clone(),
            connection: Some(acquire(pool, waits.answer).await?),
            wait: waits.answer,
            is_in_transaction: waits.limits.is_some(),
            is_answered: false,
        };
        if let Some(limits) = waits.limits {
            let begin = format!("{BEGIN}; {}", limits.set_for_transaction());
            let begun = within(using.wait, run(using.connection(), begin)).await;
            if let Err(error) = begun {
                return Err(DbErr::Conn(runtime(using.close(error))));
            }
        }
        Ok(using)
    }

    fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("the connection is taken at the end")
    }

    /// Ends the transaction, and gives the connection back.
    async fn end<T>(mut self, answer: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let answer = match answer {
            Ok(answer) if self.is_in_transaction => {
                within(self.wait, run(self.connection(), "COMMIT".to_owned()))
                    .await
                    .map(|()| answer)
            }
            Err(error) if self.is_in_transaction && error.as_database_error().is_some() => {
                match within(self.wait, run(self.connection(), "ROLLBACK".to_owned())).await {
                    Ok(()) => Err(error),
                    Err(fault) => return Err(self.close(fault)),
                }
            }
            answer => answer,
        };
        match answer {
            Err(fault) if fault.as_database_error().is_none() => Err(self.close(fault)),
            answer => {
                self.is_answered = true;
                answer
            }
        }
    }

    /// Closes the connection. If the server did not answer, also closes the unused connections: the network may have
    /// forgotten them too.
    fn close(mut self, fault: sqlx::Error) -> sqlx::Error {
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
        }
        if is_timeout(&fault) {
            close_idle(&self.pool);
        }
        fault
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.is_answered || self.pool.is_closed() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let is_in_transaction = self.is_in_transaction;
        runtime.spawn(async move {
            let settled = async {
                if is_in_transaction {
                    run(&mut connection, "ROLLBACK".to_owned()).await
                } else {
                    connection.ping().await
                }
            };
            if !matches!(time::timeout(LATE_ANSWER_MAX, settled).await, Ok(Ok(()))) {
                connection.close_on_drop();
            }
        });
    }
}

/// Takes a connection from the pool. The pool tests an unused connection, and waits without a limit if the network has
/// forgotten it. After half of `wait`, this function therefore closes the unused connections and tries again.
async fn acquire(pool: &PgPool, wait: Option<Duration>) -> Result<PoolConnection<Postgres>, DbErr> {
    let acquired = match wait {
        None => pool.acquire().await,
        Some(wait) => {
            let until = Instant::now() + wait;
            let Ok(acquired) = time::timeout(wait / 2, pool.acquire()).await else {
                close_idle(pool);
                let acquired = time::timeout_at(until, pool.acquire()).await;
                return acquired.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(not_acquired);
            };
            acquired
        }
    };
    acquired.map_err(not_acquired)
}

fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(runtime(error)),
    }
}

/// Waits for an answer of the server.
async fn within<T>(
    wait: Option<Duration>,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match wait {
        None => answer.await,
        Some(wait) => {
            let answered = time::timeout(wait, answer).await;
            answered.unwrap_or_else(|_| {
                Err(timed_out(format!("the database did not answer within {wait:?}")))
            })
        }
    }
}

/// Runs statements with the simple protocol.
async fn run(connection: &mut PgConnection, statements: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(statements)).await.map(drop)
}

/// Closes the unused connections of a pool, so that the next use opens another one.
pub(super) fn close_idle(pool: &PgPool) {
    while let Some(mut connection) = pool.try_acquire() {
        connection.close_on_drop();
    }
}

/// Returns the error for a server that did not answer.
pub(super) fn unanswered(message: String) -> DbErr {
    DbErr::Conn(runtime(timed_out(message)))
}

/// Returns `true` if the server did not answer in time.
pub(super) fn is_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}

fn timed_out(message: String) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
}

fn query(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn runtime(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}
