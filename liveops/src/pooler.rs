//! The detection of connection poolers between this process and PostgreSQL that do not keep sessions.

use std::{collections::BTreeSet, time::Duration};

use sea_orm::sqlx::{self, PgConnection, Row};
use tokio::time;

/// Maximum duration of the detection.
pub(crate) const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Number of comparisons of server processes. A busy pooler may give a client the same server connection twice by
/// chance.
const ROUNDS: usize = 3;

/// Number of tries to execute a prepared statement on a second server connection.
const STATEMENT_ROUNDS: usize = 16;

/// The treatment of sessions between a client and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// Each connection has its own server process, which keeps the whole session.
    Kept,
    /// A pooler in transaction mode gives the server processes to its clients in turn. It keeps the prepared statements
    /// of each client. All other settings would be lost, or reach other clients.
    PreparedStatements,
    /// A pooler in transaction mode that keeps no prepared statements either, or a pooler in statement mode.
    Lost,
}

impl Sessions {
    /// Detects the treatment with two connections of equal options, within [`CHECK_TIMEOUT`].
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not answer in time.
    pub(crate) async fn detect(
        first: &mut PgConnection,
        second: &mut PgConnection,
    ) -> Result<Self, sqlx::Error> {
        let detection = async {
            match shares_processes(first, second).await {
                Ok(true) => {}
                Ok(false) => return Ok(Self::Kept),
                Err(error) if is_protocol_violation(&error) => return Ok(Self::Lost),
                Err(error) => return Err(error),
            }
            match keeps_statements(first, second).await {
                Ok(Some(true)) => Ok(Self::PreparedStatements),
                Ok(Some(false)) => Ok(Self::Lost),
                Ok(None) => Err(sqlx::Error::Protocol(
                    "the connection pooler never changed the server connection".to_owned(),
                )),
                Err(sqlx::Error::Database(_)) => Ok(Self::Lost),
                Err(error) => Err(error),
            }
        };
        time::timeout(CHECK_TIMEOUT, detection).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }
}

/// Returns `true` for the answer of a pooler in statement mode to `BEGIN` (SQLSTATE 08P01).
fn is_protocol_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("08P01"))
}

/// Returns `true` if one of two connections has talked to more than one server process, or both to the same one.
///
/// All statements use the simple protocol, because prepared statements may fail behind such a pooler.
async fn shares_processes(
    first: &mut PgConnection,
    second: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let mut connections = [first, second];
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for holder in (0..2 * ROUNDS).map(|round| round % 2) {
        // The transaction keeps its server process, so a pooler gives another one to the other connection.
        sqlx::raw_sql("BEGIN").execute(&mut *connections[holder]).await?;
        for (connection, seen) in connections.iter_mut().zip(&mut seen) {
            seen.insert(process(connection).await?);
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut *connections[holder]).await?;
        for (connection, seen) in connections.iter_mut().zip(&mut seen) {
            seen.insert(process(connection).await?);
        }
    }
    let [first, second] = seen;
    Ok(first.len() > 1 || second.len() > 1 || first == second)
}

/// Returns `true` if a statement that one server process has prepared can be executed by another one. Returns
/// `None` if the pooler never gave a connection another server process.
///
/// Both connections give their statements the same name, so a pooler that does not distinguish clients returns the
/// wrong value or an error.
async fn keeps_statements(
    first: &mut PgConnection,
    second: &mut PgConnection,
) -> Result<Option<bool>, sqlx::Error> {
    let connections = [first, second];
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for round in 0..STATEMENT_ROUNDS {
        // Both connections hold a server process at the same time, and take turns to get the first free one. The pooler
        // then has to exchange the two processes.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for index in order {
            sqlx::raw_sql("BEGIN").execute(&mut *connections[index]).await?;
            seen[index].insert(process(connections[index]).await?);
            if !answers_statement(connections[index], index).await? {
                return Ok(Some(false));
            }
        }
        for index in [0, 1] {
            sqlx::raw_sql("ROLLBACK").execute(&mut *connections[index]).await?;
        }
        if seen.iter().all(|seen| seen.len() > 1) {
            return Ok(Some(true));
        }
    }
    Ok(seen.iter().any(|seen| seen.len() > 1).then_some(true))
}

/// Executes the prepared statement of a connection. Returns `false` if its answer is that of another statement.
async fn answers_statement(
    connection: &mut PgConnection,
    index: usize,
) -> Result<bool, sqlx::Error> {
    const STATEMENTS: [&str; 2] = ["SELECT $1::int + 1", "SELECT $1::int + 2"];

    let row = sqlx::query(STATEMENTS[index]).bind(0).fetch_one(connection).await?;
    let value: i32 = row.try_get(0)?;
    Ok(usize::try_from(value) == Ok(index + 1))
}

/// Returns the ID of the server process of a connection.
async fn process(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()::text").fetch_one(connection).await?;
    row.try_get(0)
}
