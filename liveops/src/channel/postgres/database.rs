//! The connection pool of the PostgreSQL channel layer, its timeouts and its errors.

use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DbBackend,
    sqlx::{
        self, ConnectOptions, Connection, Executor, PgPool, Postgres, Row,
        error::DatabaseError,
        pool::PoolConnection,
        postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
        query::Query,
    },
};
use tokio::{
    sync::OnceCell,
    time::{self, Instant, error::Elapsed},
};

use super::notification::Schema;
use crate::{channel::ChannelError, operation::ChannelName, pooler::Sessions};

/// Maximum duration of a query, including the wait for a connection.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

/// Number of connections that one process uses to publish and catch up. More would not help: PostgreSQL
/// serializes the commits of transactions with notifications.
const CONNECTIONS_MAX: u32 = 4;

/// Idle time after which a connection is pinged before use.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// The data is not durable, so commits do not wait for the disk. The server ends a statement that no client
/// waits for any more.
const SETTINGS: &str = "SET synchronous_commit = off; SET statement_timeout = '5s'";

/// The SQLSTATE of a write on a server that is read-only or in recovery.
const READ_ONLY: &str = "25006";

/// The connections for publishing and catching up, separate from the application's pool: the frames of many
/// runs must not block the application's own queries.
#[derive(Debug)]
pub(super) struct Database {
    pool: PgPool,
    /// The schema of the tables, read at the first use.
    schema: OnceCell<Schema>,
    /// The treatment of sessions, detected at the first use.
    sessions: OnceCell<Sessions>,
}

impl Database {
    /// Creates a lazy pool with the connect options of `db`.
    ///
    /// # Errors
    ///
    /// Returns an error if `db` is not a PostgreSQL database.
    pub(super) fn of(db: &DatabaseConnection) -> Result<Self, ChannelError> {
        if db.get_database_backend() != DbBackend::Postgres {
            return Err(ChannelError::new("use the database", PostgresLayerError::OtherDatabase));
        }
        let options = (*db.get_postgres_connection_pool().connect_options()).clone();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ANSWER_WAIT_MAX)
            // Pings in `before_acquire` instead, so that only an idle connection costs a round trip.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > IDLE_MAX {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(SETTINGS).await.map(drop) })
            })
            .connect_lazy_with(options.disable_statement_logging());
        Ok(Self { pool, schema: OnceCell::new(), sessions: OnceCell::new() })
    }

    /// Returns the connect options of the pool.
    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.pool.connect_options()).clone()
    }

    /// Returns the PostgreSQL channel name of a channel.
    ///
    /// # Errors
    ///
    /// Returns an error if the schema cannot be read, or has no tables.
    pub(super) async fn listened_name(
        &self,
        channel: &ChannelName,
    ) -> Result<String, ChannelError> {
        const ACTION: &str = "find the tables of the channel layer";
        // The search path may come from the URL, the role or the database.
        const SCHEMA: &str = "SELECT n.nspname FROM pg_class c \
            JOIN pg_namespace n ON n.oid = c.relnamespace \
            WHERE c.oid = to_regclass('liveops_channel')";

        let read = async || {
            let rows = self.rows(ACTION, sqlx::query(SCHEMA)).await?;
            let name = rows.first().ok_or(sqlx::Error::RowNotFound);
            let name = name.and_then(|row| row.try_get::<String, _>(0));
            let name = name.map_err(PostgresLayerError::NoTables);
            let name = name.map_err(|fault| ChannelError::new(ACTION, fault))?;
            Ok(Schema::new(&name))
        };
        Ok(self.schema.get_or_try_init(read).await?.listened_name(channel))
    }

    /// Runs a query and returns its rows, in one round trip.
    pub(super) async fn rows(
        &self,
        action: &'static str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, ChannelError> {
        self.query_rows(query).await.map_err(|fault| ChannelError::new(action, fault))
    }

    async fn query_rows(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, PostgresLayerError> {
        let deadline = Instant::now() + ANSWER_WAIT_MAX;
        time::timeout_at(deadline, self.check_sessions()).await??;
        let connection = time::timeout_at(deadline, self.pool.acquire()).await??;
        let mut pending = PendingQuery { connection, is_answered: false };
        let answer = time::timeout_at(deadline, query.fetch_all(&mut *pending.connection)).await?;
        pending.is_answered = match &answer {
            Ok(_) => true,
            // A server that became read-only may have a successor, which a new connection reaches.
            Err(error) => error
                .as_database_error()
                .is_some_and(|error| error.code().as_deref() != Some(READ_ONLY)),
        };
        Ok(answer?)
    }

    /// Checks at the first use that the connections keep their sessions. The check uses separate connections, because
    /// the settings of the pool's connections would reach other clients of a pooler.
    async fn check_sessions(&self) -> Result<(), PostgresLayerError> {
        let detect = async || {
            let options = self.options();
            let (mut first, mut second) = tokio::try_join!(options.connect(), options.connect())?;
            let sessions = Sessions::detect(&mut first, &mut second).await?;
            // The server closes the connections if the answers of a pooler are lost.
            let _ = tokio::join!(first.close(), second.close());
            if sessions != Sessions::Kept {
                tracing::error!(
                    "the PostgreSQL channel layer is behind a connection pooler in transaction mode, which delivers \
                     no notifications: give `PostgresChannelLayer::new` a connection that leads to the server \
                     itself, or use the Redis channel layer; pages show no progress until then"
                );
            }
            Ok(sessions)
        };
        match self.sessions.get_or_try_init(detect).await {
            Ok(Sessions::Kept) => Ok(()),
            Ok(Sessions::PreparedStatements | Sessions::Lost) => Err(PostgresLayerError::Pooler),
            Err(error) => Err(PostgresLayerError::Failed(error)),
        }
    }
}

/// A connection with an unanswered query. If this is dropped without an answer, the connection is closed,
/// also when the caller cancels: the pool would otherwise wait for an answer that may never arrive.
struct PendingQuery {
    connection: PoolConnection<Postgres>,
    is_answered: bool,
}

impl Drop for PendingQuery {
    fn drop(&mut self) {
        if !self.is_answered {
            self.connection.close_on_drop();
        }
    }
}

/// A reason why a query got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostgresLayerError {
    #[error("expected a connection to PostgreSQL, found one to another database")]
    OtherDatabase,
    #[error("the listening connection is down")]
    NotListening,
    #[error(
        "a connection pooler in transaction mode is between the channel layer and PostgreSQL, and delivers no \
         notifications: give `PostgresChannelLayer::new` a connection that leads to the server itself"
    )]
    Pooler,
    #[error("the server did not answer within {ANSWER_WAIT_MAX:?}")]
    NoAnswer(#[from] Elapsed),
    #[error("found no channel layer tables: run the liveops migrations on this database")]
    NoTables(#[source] sqlx::Error),
    #[error(transparent)]
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for PostgresLayerError {
    fn from(error: sqlx::Error) -> Self {
        const UNDEFINED_FUNCTION: &str = "42883";
        const UNDEFINED_TABLE: &str = "42P01";
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            Some(UNDEFINED_FUNCTION | UNDEFINED_TABLE) => Self::NoTables(error),
            _ => Self::Failed(error),
        }
    }
}
