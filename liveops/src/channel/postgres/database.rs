use std::time::Duration;

use sea_orm::{
    DatabaseConnection, DbBackend,
    sqlx::{
        self, ConnectOptions, Connection, Executor, PgPool, Postgres,
        error::DatabaseError,
        pool::PoolConnection,
        postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
        query::Query,
    },
};
use tokio::time::{self, Instant, error::Elapsed};

use crate::channel::ChannelError;

/// How long anything that is asked of the server may take, the wait for a connection included.
pub(super) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

/// How many connections a process publishes and catches up with. They take turns at committing anyway.
const CONNECTIONS_MAX: u32 = 4;

/// How long a connection may have been idle and still counts as alive.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// What is not durable anyway waits for no disk, and what nobody waits for any more ends.
const SETTINGS: &str = "SET synchronous_commit = off; SET statement_timeout = '5s'";

/// The connections over which is published and caught up, apart from those of the application: frames
/// of many runs must not keep it from its rows.
#[derive(Debug)]
pub(super) struct Database {
    pool: PgPool,
}

impl Database {
    /// Where `db` is connected to, with the same options.
    pub(super) fn of(db: &DatabaseConnection) -> Result<Self, ChannelError> {
        if db.get_database_backend() != DbBackend::Postgres {
            return Err(ChannelError::new("use the database", PostgresLayerError::OtherDatabase));
        }
        let options = (*db.get_postgres_connection_pool().connect_options()).clone();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ANSWER_WAIT_MAX)
            // One more round trip, but only where none came before for a while.
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
        Ok(Self { pool })
    }

    /// How it is connected to.
    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.pool.connect_options()).clone()
    }

    /// The rows that a statement gives, in one round trip.
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
        let connection = time::timeout_at(deadline, self.pool.acquire()).await??;
        let mut asked = PendingQuery { connection, is_answered: false };
        let answer = time::timeout_at(deadline, query.fetch_all(&mut *asked.connection)).await?;
        asked.is_answered = match &answer {
            Ok(_) => true,
            Err(error) => error.as_database_error().is_some(),
        };
        Ok(answer?)
    }
}

/// A connection that owes an answer. Unless it came, the connection is closed when this is dropped, also
/// by whoever did not want to wait: the pool would wait for the answer, and it may never come.
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

/// What is in the way of an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostgresLayerError {
    #[error("expected a connection to PostgreSQL, found one to another database")]
    OtherDatabase,
    #[error("the connection that listens is not there")]
    NotListening,
    #[error("the server did not answer within {ANSWER_WAIT_MAX:?}")]
    NoAnswer(#[from] Elapsed),
    #[error(
        "the tables of the channel layer are not there: run the migrations of liveops on this database"
    )]
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
