//! The refusal of connection poolers that do not keep sessions.

use std::{collections::BTreeSet, time::Duration};

use sea_orm::{
    DatabaseConnection, DbBackend, DbErr,
    sqlx::{self, PgPool, Row},
};
use tokio::time;

use super::own_connection::SingleConnection;

/// Maximum duration of the check. A server without a free connection is not checked.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Number of comparisons. A busy pooler may give a client the same server connection twice by chance.
const ROUNDS: usize = 3;

const REFUSAL: &str = "a connection pooler in transaction mode is between this process and PostgreSQL. Prepared \
    statements, `SET`, advisory locks and LISTEN need a session: set `pool_mode = session` in PgBouncer, or \
    connect to the server directly";

/// Checks that a connection keeps its session: that it always talks to the same server process, and that no
/// other connection does. A failure of the check itself is no refusal.
///
/// # Errors
///
/// Returns an error if a pooler in transaction mode is between this process and the server.
pub(super) async fn refuse_transaction_pooling(
    application: &DatabaseConnection,
) -> Result<(), DbErr> {
    if application.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (first, second) = (
        SingleConnection::open(application, CHECK_TIMEOUT),
        SingleConnection::open(application, CHECK_TIMEOUT),
    );
    let check = shares_sessions(
        first.db().get_postgres_connection_pool(),
        second.db().get_postgres_connection_pool(),
    );
    match time::timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(true)) => Err(DbErr::Custom(REFUSAL.to_owned())),
        Ok(Ok(false)) | Err(_) => Ok(()),
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "could not check that connections keep their sessions");
            Ok(())
        }
    }
}

/// Returns `true` if two connections have talked to more than two server processes, or to the same one.
///
/// All statements are of the simple protocol: prepared statements fail at once behind such a pooler.
async fn shares_sessions(first: &PgPool, second: &PgPool) -> Result<bool, sqlx::Error> {
    let mut connections = [first.acquire().await?, second.acquire().await?];
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

/// Returns the ID of the server process of a connection.
async fn process(connection: &mut sqlx::PgConnection) -> Result<String, sqlx::Error> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()::text").fetch_one(connection).await?;
    row.try_get(0)
}
