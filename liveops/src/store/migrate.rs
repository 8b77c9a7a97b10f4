//! The application of migrations: one process at a time, one transaction each, and without long locks.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::time::{self, Instant};

use super::{
    StoreError,
    conflict::{is_conflict, is_lock_timeout},
    own_connection::SingleConnection,
};

/// Maximum time to connect to a PostgreSQL server for the migrations.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval between two tries to get the lock of the migrations.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// Interval between two log messages about another process that holds the lock of the migrations.
const LOCK_WARN: Duration = Duration::from_secs(30);

/// Wait before a migration whose tables are locked is tried again. Doubles up to [`RETRY_WAIT_MAX`].
const RETRY_WAIT: Duration = Duration::from_millis(100);

/// The maximum of the waits between two tries.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);

/// Time after which a migration whose tables are always locked fails.
const RETRY_TIMEOUT: Duration = Duration::from_secs(600);

/// The lock that serializes migrations on PostgreSQL, where a transaction alone does not prevent two
/// processes from creating the same table.
///
/// Processes poll the lock instead of waiting in the server: `CREATE INDEX CONCURRENTLY` waits for every older
/// statement, so a statement that waits for the lock would be a deadlock.
const TRY_LOCK: &str = "SELECT pg_try_advisory_lock(hashtext('liveops.migrate'))";

const UNLOCK: &str = "SELECT pg_advisory_unlock(hashtext('liveops.migrate'))";

/// The settings of a migration in a transaction. While `ALTER TABLE` waits for a lock, every later query of
/// the table waits behind it. It therefore waits one second at most, and is tried again.
const SHORT_LOCKS: &str = "SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = 0";

/// The settings of a migration outside of a transaction, such as a concurrent index build, which blocks
/// nobody and may take as long as it needs.
const NO_TIMEOUTS: &str = "SET lock_timeout = 0; SET statement_timeout = 0";

/// Applies the pending migrations of `M`: those of liveops and those of the application.
///
/// If none is pending, the function only reads the migration table, so that a process needs no right to create
/// tables. Several processes may call this at once: one migrates, the others wait and find nothing to do.
///
/// Each migration runs in a transaction of its own. After an error, the migrations before the failed one stay
/// applied, and the next call continues. A migration whose
/// [`use_transaction`](sea_orm_migration::MigrationTrait::use_transaction) returns `Some(false)` runs outside
/// of a transaction on PostgreSQL; on SQLite every migration locks the file with a transaction.
///
/// On PostgreSQL, a migration waits one second at most for the lock of a table, because all other queries of
/// the table wait behind it. It is then tried again, for ten minutes. The indexes of liveops are built
/// concurrently, so other processes read and write meanwhile. The migrations run on a connection of their own,
/// with the options of the pool `db`, and need a direct connection to the server or a pooler in session mode.
///
/// Behind a pooler in transaction mode, the function fails before anything else: prepared statements and other
/// parts of a session would get lost, or reach the session of another process.
///
/// # Errors
///
/// Returns an error if a pooler in transaction mode is used, or if the database fails, contains an applied migration that is not in `M`, or keeps a table
/// locked for ten minutes.
///
/// # Cancel safety
///
/// Applied migrations stay applied. A later call continues.
pub async fn migrate<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), StoreError> {
    #[cfg(feature = "postgres")]
    super::pooler::refuse_transaction_pooling(db)
        .await
        .map_err(StoreError::of("keep the session of a connection"))?;
    let migrated = async {
        if next_migration::<M>(db).await?.is_none() {
            return Ok(());
        }
        match db.get_database_backend() {
            DbBackend::Postgres => migrate_server::<M>(db).await,
            _ => migrate_file::<M>(db).await,
        }
    };
    migrated.await.map_err(StoreError::of("migrate the tables"))
}

/// A pending migration.
struct NextMigration {
    name: String,
    runs_in_transaction: bool,
}

/// Returns the next pending migration. Only reads.
async fn next_migration<M: MigratorTrait>(
    db: &impl ConnectionTrait,
) -> Result<Option<NextMigration>, DbErr> {
    let pending = M::get_pending_migrations_read_only(db).await?;
    Ok(pending.first().map(|migration| {
        let name = migration.name();
        let all = M::migrations();
        let found = all.iter().find(|migration| migration.name() == name);
        let runs_outside = found.is_some_and(|found| found.use_transaction() == Some(false));
        NextMigration { name: name.to_owned(), runs_in_transaction: !runs_outside }
    }))
}

async fn migrate_file<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), DbErr> {
    while next_migration::<M>(db).await?.is_some() {
        // Another process may have migrated since the read: the transaction locks the file first.
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        let transaction = db.begin_with_options(options).await?;
        apply::<M>(transaction).await?;
    }
    Ok(())
}

async fn migrate_server<M: MigratorTrait>(application: &DatabaseConnection) -> Result<(), DbErr> {
    // Closed by its drop, which also releases the lock.
    let connection = SingleConnection::open(application, CONNECT_TIMEOUT);
    let db = connection.db();
    lock(db).await?;
    while let Some(next) = next_migration::<M>(db).await? {
        let start = Instant::now();
        let mut wait = RETRY_WAIT;
        while let Err(error) = apply_on_server::<M>(db, &next).await {
            let may_succeed_later = is_lock_timeout(&error) || is_conflict(&error);
            if !may_succeed_later || start.elapsed() >= RETRY_TIMEOUT {
                return Err(error);
            }
            log_retry(&next, &error, wait);
            time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_WAIT_MAX);
        }
    }
    db.execute_unprepared(UNLOCK).await.map(drop)
}

fn log_retry(migration: &NextMigration, error: &DbErr, wait: Duration) {
    let (migration, error) = (&migration.name, error as &dyn std::error::Error);
    tracing::warn!(
        migration,
        error,
        "another transaction holds a lock that the migration needs; retrying in {wait:?}"
    );
}

/// Waits until no other process migrates.
async fn lock(db: &DatabaseConnection) -> Result<(), DbErr> {
    let mut warn_at = Instant::now();
    loop {
        let try_lock = Statement::from_string(DbBackend::Postgres, TRY_LOCK);
        let row = db.query_one_raw(try_lock).await?;
        if row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false) {
            return Ok(());
        }
        if Instant::now() >= warn_at {
            tracing::info!("another process migrates the tables; waiting for it");
            warn_at = Instant::now() + LOCK_WARN;
        }
        time::sleep(LOCK_POLL).await;
    }
}

async fn apply_on_server<M: MigratorTrait>(
    db: &DatabaseConnection,
    next: &NextMigration,
) -> Result<(), DbErr> {
    if next.runs_in_transaction {
        let transaction = db.begin().await?;
        transaction.execute_unprepared(SHORT_LOCKS).await?;
        apply::<M>(transaction).await
    } else {
        db.execute_unprepared(NO_TIMEOUTS).await?;
        M::up(db, Some(1)).await
    }
}

async fn apply<M: MigratorTrait>(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    match M::up(&transaction, Some(1)).await {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            // The error of the migration says more than that of a rollback.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}
