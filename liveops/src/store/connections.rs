//! The connections of a store, and its transactions.
//!
//! A SQLite file has many readers and one writer at a time. The store has connections of its own to the file of
//! the application: reads never wait, neither for a writer nor for a transaction of the application, and writes
//! wait for the lock of the file for [`BUSY_WAIT_MAX`] at most.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::time::{self, Instant};

#[cfg(feature = "postgres")]
use super::sessions;
use super::{
    conflict::{RepeatingConnection, is_busy, is_unanswered},
    server::{ServerWaits, StatementLimits},
};
#[cfg(feature = "postgres")]
use crate::pooler::Sessions;

/// Maximum time for which a statement or a transaction waits for another writer of a SQLite file, or for a
/// connection.
pub(super) const BUSY_WAIT_MAX: Duration = Duration::from_secs(10);

/// Wait between two tries to get the lock of a SQLite file, while other tasks may use the connection.
pub(super) const BUSY_POLL: Duration = Duration::from_millis(5);

/// Maximum number of connections to a SQLite file for statements, most of which read.
#[cfg(feature = "sqlite")]
const STATEMENTS_MAX: u32 = 8;

/// Maximum number of transactions in a SQLite file that run code of the application. One of them has the lock of
/// the file, and the others wait for it.
#[cfg(feature = "sqlite")]
const TRANSACTIONS_MAX: u32 = 4;

/// Time for which SQLite itself waits for another writer, before the connection is free for another task. Longer
/// than SQLite's longest interval between two tries, which is 100 milliseconds.
#[cfg(feature = "sqlite")]
const BUSY_TIMEOUT: Duration = Duration::from_millis(250);

/// The connections of a store.
#[derive(Debug)]
pub(super) struct Connections {
    /// The connection of the application.
    pub(super) application: DatabaseConnection,
    /// For statements outside of transactions, which are repeated after conflicts.
    pub(super) statements: RepeatingConnection,
    /// For writes, and for transactions of liveops alone. One connection on SQLite.
    pub(super) writes: DatabaseConnection,
    /// For transactions that run code of the application.
    transactions: DatabaseConnection,
    busy_wait: Duration,
    /// The limits on the waits of transactions that run code of the application.
    waits: ServerWaits,
    /// The limits of transactions with code of liveops only. `None` if the session has the limits.
    limits: Option<StatementLimits>,
    /// The treatment of sessions, once it is detected.
    #[cfg(feature = "postgres")]
    sessions: tokio::sync::OnceCell<Sessions>,
    /// `writes`, if these are connections to a SQLite file beside those of the application.
    file: Option<DatabaseConnection>,
}

impl Connections {
    /// Creates the connections beside `application`. Connects at the first use.
    pub(super) fn beside(application: DatabaseConnection) -> Self {
        #[cfg(feature = "sqlite")]
        if let Some(file) = Self::to_file(&application) {
            return file;
        }
        Self {
            busy_wait: BUSY_WAIT_MAX,
            statements: RepeatingConnection::new(
                application.clone(),
                Duration::ZERO,
                ServerWaits::of_reads(),
            ),
            waits: ServerWaits::of_reads(),
            ..Self::only(application, None)
        }
    }

    /// Uses one connection for everything. The owner of the connection limits the waits. With `limits`, each statement
    /// is a transaction with these limits, which the server enforces.
    pub(super) fn only(db: DatabaseConnection, limits: Option<StatementLimits>) -> Self {
        let waits = ServerWaits { answer: None, limits };
        Self {
            statements: RepeatingConnection::new(db.clone(), Duration::ZERO, waits),
            writes: db.clone(),
            transactions: db.clone(),
            application: db,
            busy_wait: Duration::ZERO,
            waits: ServerWaits::default(),
            limits,
            #[cfg(feature = "postgres")]
            sessions: tokio::sync::OnceCell::new(),
            file: None,
        }
    }

    #[cfg(feature = "sqlite")]
    fn to_file(application: &DatabaseConnection) -> Option<Self> {
        let open = |connections_max| {
            super::own_connection::open_file(
                application,
                connections_max,
                BUSY_WAIT_MAX,
                BUSY_TIMEOUT,
            )
        };
        let writes = open(1)?;
        Some(Self {
            statements: RepeatingConnection::new(
                open(STATEMENTS_MAX)?,
                BUSY_WAIT_MAX,
                ServerWaits::default(),
            ),
            file: Some(writes.clone()),
            writes,
            transactions: open(TRANSACTIONS_MAX)?,
            application: application.clone(),
            busy_wait: BUSY_WAIT_MAX,
            waits: ServerWaits::default(),
            limits: None,
            #[cfg(feature = "postgres")]
            sessions: tokio::sync::OnceCell::new(),
        })
    }

    /// Begins a transaction for code of the application.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let db = &self.transactions;
        let begun = async || self.waits.wait_for(db, begin(db, None, self.busy_wait)).await;
        match begun().await {
            // The failed try has closed the unused connections that the network had forgotten.
            Err(error) if is_unanswered(&error) => begun().await,
            begun => begun,
        }
    }

    /// Waits for an answer in a transaction that runs code of the application.
    pub(super) async fn wait_for<T>(
        &self,
        answer: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        self.waits.wait_for(&self.transactions, answer).await
    }

    /// Begins a transaction of liveops alone, with the isolation that its statements are written for: they
    /// check their conditions again on rows that another transaction has changed. A stricter default isolation of
    /// the database would only add conflicts.
    pub(super) async fn begin_read_committed(&self) -> Result<DatabaseTransaction, DbErr> {
        let isolation = Some(IsolationLevel::ReadCommitted);
        let transaction = begin(&self.writes, isolation, self.busy_wait).await?;
        if let Some(limits) = self.limits {
            transaction.execute_unprepared(&limits.set_for_transaction()).await?;
        }
        Ok(transaction)
    }

    /// Returns `true` if connections keep their sessions, and `false` if they do not or if the detection failed.
    ///
    /// # Errors
    ///
    /// Returns an error behind a connection pooler that liveops cannot use.
    #[cfg(feature = "postgres")]
    pub(super) async fn keep_sessions(&self) -> Result<bool, DbErr> {
        let detected = self.sessions.get_or_try_init(|| sessions::detect(&self.application));
        let kept = sessions::are_kept(detected.await.copied())?;
        Ok(kept.unwrap_or(false))
    }

    /// Returns `true`: a file has no pooler.
    #[cfg(not(feature = "postgres"))]
    pub(super) async fn keep_sessions(&self) -> Result<bool, DbErr> {
        Ok(true)
    }

    /// Writes the log of a SQLite file into the file, as soon as nobody reads from the log. Does nothing for
    /// another database.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub(super) async fn fold_log_into_file(&self) -> Result<(), DbErr> {
        const FOLD: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

        let Some(file) = &self.file else { return Ok(()) };
        loop {
            let fold = Statement::from_string(DbBackend::Sqlite, FOLD);
            let row = file.query_one_raw(fold).await?;
            let is_blocked: i32 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
            if is_blocked == 0 {
                return Ok(());
            }
            time::sleep(BUSY_POLL).await;
        }
    }
}

/// Begins a transaction that can write. On SQLite, waits for the lock of the file for `busy_wait`.
pub(super) async fn begin(
    db: &DatabaseConnection,
    isolation: Option<IsolationLevel>,
    busy_wait: Duration,
) -> Result<DatabaseTransaction, DbErr> {
    let deadline = Instant::now() + busy_wait;
    loop {
        let options = if db.get_database_backend() == DbBackend::Sqlite {
            // A transaction that reads first could not write after another writer's commit.
            let mode = Some(SqliteTransactionMode::Immediate);
            TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() }
        } else {
            TransactionOptions { isolation_level: isolation, ..Default::default() }
        };
        match db.begin_with_options(options).await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                time::sleep(BUSY_POLL).await;
            }
            begun => return begun,
        }
    }
}
