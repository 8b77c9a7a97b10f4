//! Migrations under a lock, for processes that start at the same time.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::StoreError;

/// The lock that serializes migrations on PostgreSQL, where a transaction alone does not prevent two
/// processes from creating the same table.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('liveops.migrate'))";

/// Applies the pending migrations of `M`: those of liveops and those of the application.
///
/// Several processes may call this at once: one migrates, the others wait and find nothing to do. All
/// migrations run in one transaction, so they apply together or not at all. Use [`MigratorTrait::up`] for a
/// migration that cannot run in a transaction, such as a concurrent index build.
///
/// # Errors
///
/// Returns an error if the database fails, or contains an applied migration that is not in `M`.
pub async fn migrate<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), StoreError> {
    let migrated = async {
        let mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        let transaction = db.begin_with_options(options).await?;
        if db.get_database_backend() == DbBackend::Postgres {
            transaction.execute_unprepared(LOCK).await?;
        }
        M::up(&transaction, None).await?;
        transaction.commit().await
    };
    migrated.await.map_err(StoreError::of("migrate the tables"))
}
