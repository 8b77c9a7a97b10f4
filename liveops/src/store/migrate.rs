//! The application of migrations: one process at a time, one transaction each, and without long locks.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::time::{self, Instant};

#[cfg(feature = "postgres")]
use super::sessions;
use super::{
    StoreError,
    conflict::{is_conflict, is_lock_timeout},
    migration_log::{MOVE_LOGS, move_logs},
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

/// Duration of a migration of a SQLite file after which other writers get a turn before the next one.
pub(super) const LONG_MIGRATION: Duration = Duration::from_millis(500);

/// Duration of the turn of other writers. Longer than SQLite's longest interval between two tries to lock the file, 100
/// milliseconds.
pub(super) const WRITERS_TURN: Duration = Duration::from_millis(500);

/// The lock that serializes migrations on PostgreSQL, where a transaction alone does not prevent two
/// processes from creating the same table.
///
/// A transaction on a separate connection holds the lock, because a connection pooler in transaction mode keeps no
/// session locks. Processes poll the lock instead of waiting in the server: `CREATE INDEX CONCURRENTLY` waits for every
/// older statement, so a statement that waits for the lock would cause a deadlock.
const TRY_LOCK: &str = "SELECT pg_try_advisory_xact_lock(hashtext('liveops.migrate'))";

/// Removes the timeouts of the transaction that holds the lock, because it is idle while the migrations run. Older
/// servers do not have the newest of these settings.
const IDLE_FOR_LONG: &str = "SELECT set_config(name, '0', true) FROM pg_settings \
    WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')";

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
/// On a SQLite file, other processes read during a migration, and write between two migrations.
///
/// On PostgreSQL, a migration waits one second at most for the lock of a table, because all other queries of the table
/// wait behind it. It is then tried again, for ten minutes. The indexes of liveops are built concurrently, so other
/// processes read and write meanwhile. The migrations use two separate connections, with the options of the pool `db`.
///
/// Behind a connection pooler in transaction mode that keeps prepared statements, such as PgBouncer 1.21 with
/// `max_prepared_statements`, the `statement_timeout` and the `lock_timeout` of the role apply to the builds of
/// indexes: settings of a session would reach other clients. Behind a pooler in transaction mode that keeps no prepared
/// statements, the function fails before it changes the database.
///
/// # Errors
///
/// Returns an error if a pooler keeps no prepared statements, or if the database fails. Also returns an error if an
/// applied migration is not in `M`, or if a table stays locked for ten minutes.
///
/// # Cancel safety
///
/// Applied migrations stay applied. A later call continues.
pub async fn migrate<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), StoreError> {
    let keeps_sessions = keeps_sessions(db)
        .await
        .map_err(StoreError::of("keep the prepared statements of a connection"))?;
    let migrated = async {
        if next_migration::<M>(db).await?.is_none() {
            return Ok(());
        }
        match db.get_database_backend() {
            DbBackend::Postgres => migrate_server::<M>(db, keeps_sessions).await,
            _ => migrate_file::<M>(db).await,
        }
    };
    migrated.await.map_err(StoreError::of("migrate the tables"))
}

/// Returns `true` if connections keep their sessions, or if the detection failed.
///
/// # Errors
///
/// Returns an error behind a connection pooler that liveops cannot use.
#[cfg(feature = "postgres")]
async fn keeps_sessions(application: &DatabaseConnection) -> Result<bool, DbErr> {
    if application.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let kept = sessions::are_kept(sessions::detect(application).await)?;
    Ok(kept.unwrap_or(true))
}

/// Returns `true`: a file has no pooler.
#[cfg(not(feature = "postgres"))]
async fn keeps_sessions(_: &DatabaseConnection) -> Result<bool, DbErr> {
    Ok(true)
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
    while let Some(next) = next_migration::<M>(db).await? {
        prepare(db, &next).await?;
        // Another process may have migrated since the read: the transaction locks the file first.
        let transaction = begin(db).await?;
        let locked = Instant::now();
        apply::<M>(transaction).await?;
        if locked.elapsed() >= LONG_MIGRATION {
            time::sleep(WRITERS_TURN).await;
        }
    }
    Ok(())
}

async fn migrate_server<M: MigratorTrait>(
    application: &DatabaseConnection,
    keeps_sessions: bool,
) -> Result<(), DbErr> {
    // The drops of these values close the connections, which also releases the lock.
    let connection = SingleConnection::open(application, CONNECT_TIMEOUT);
    let locking = SingleConnection::open(application, CONNECT_TIMEOUT);
    let db = connection.db();
    let held = lock(locking.db()).await?;
    while let Some(next) = next_migration::<M>(db).await? {
        let start = Instant::now();
        let mut wait = RETRY_WAIT;
        while let Err(error) = apply_on_server::<M>(db, &next, keeps_sessions).await {
            let may_succeed_later = is_lock_timeout(&error) || is_conflict(&error);
            if !may_succeed_later || start.elapsed() >= RETRY_TIMEOUT {
                return Err(error);
            }
            log_retry(&next, &error, wait);
            time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_WAIT_MAX);
        }
    }
    held.commit().await
}

fn log_retry(migration: &NextMigration, error: &DbErr, wait: Duration) {
    let (migration, error) = (&migration.name, error as &dyn std::error::Error);
    tracing::warn!(
        migration,
        error,
        "another transaction holds a lock that the migration needs; retrying in {wait:?}"
    );
}

/// Waits until no other process migrates. The returned transaction holds the lock. It has no snapshot between its
/// statements, so no concurrent build of an index waits for it.
async fn lock(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let isolation_level = Some(IsolationLevel::ReadCommitted);
    let options = TransactionOptions { isolation_level, ..Default::default() };
    let transaction = db.begin_with_options(options).await?;
    transaction.execute_unprepared(IDLE_FOR_LONG).await?;
    let mut warn_at = Instant::now();
    loop {
        let try_lock = Statement::from_string(DbBackend::Postgres, TRY_LOCK);
        let row = transaction.query_one_raw(try_lock).await?;
        if row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false) {
            return Ok(transaction);
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
    keeps_sessions: bool,
) -> Result<(), DbErr> {
    prepare(db, next).await?;
    if next.runs_in_transaction {
        let transaction = begin(db).await?;
        apply::<M>(transaction).await
    } else {
        if keeps_sessions {
            db.execute_unprepared(NO_TIMEOUTS).await?;
        }
        M::up(db, Some(1)).await
    }
}

/// Begins a transaction of a migration: locks a SQLite file, or limits the wait for the locks of a server.
pub(super) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    if db.get_database_backend() == DbBackend::Sqlite {
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        return db.begin_with_options(options).await;
    }
    let transaction = db.begin().await?;
    transaction.execute_unprepared(SHORT_LOCKS).await?;
    Ok(transaction)
}

/// Does the work of a migration that has many short transactions.
async fn prepare(db: &DatabaseConnection, next: &NextMigration) -> Result<(), DbErr> {
    if next.name == MOVE_LOGS { move_logs(db).await } else { Ok(()) }
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
