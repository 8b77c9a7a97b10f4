//! The sessions of connections to PostgreSQL: detection for the store, and the refusal of poolers that liveops cannot
//! use.

use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};

use super::own_connection::SingleConnection;
use crate::pooler::{CHECK_TIMEOUT, Sessions};

const REFUSAL: &str = "a connection pooler in transaction or statement mode is between this process and PostgreSQL, \
    and keeps no prepared statements: set `pool_mode = transaction` and `max_prepared_statements` in PgBouncer, of \
    version 1.21 or newer, or `pool_mode = session`, or connect to the server directly";

/// Detects the treatment of sessions with two separate connections, and closes these connections.
///
/// # Errors
///
/// Returns an error if the detection fails, for example at a limit of connections.
pub(super) async fn detect(application: &DatabaseConnection) -> Result<Sessions, DbErr> {
    let pools = [(); 2].map(|()| SingleConnection::open(application, CHECK_TIMEOUT));
    let [first, second] = pools.each_ref().map(|pool| pool.db().get_postgres_connection_pool());
    let detected = async {
        let (mut first, mut second) = tokio::try_join!(first.acquire(), second.acquire())?;
        Sessions::detect(&mut first, &mut second).await
    };
    detected.await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
}

/// Returns `true` if connections keep their sessions. Logs a failed detection and returns `None`.
///
/// # Errors
///
/// Returns an error if a connection pooler keeps nothing of a session: liveops cannot use it.
pub(super) fn are_kept(detected: Result<Sessions, DbErr>) -> Result<Option<bool>, DbErr> {
    match detected {
        Ok(Sessions::Kept) => Ok(Some(true)),
        Ok(Sessions::PreparedStatements) => Ok(Some(false)),
        Ok(Sessions::Lost) => Err(DbErr::Custom(REFUSAL.to_owned())),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "could not check that connections keep their sessions");
            Ok(None)
        }
    }
}
