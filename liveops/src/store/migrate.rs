use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use super::StoreError;

/// What the processes of an application wait for on PostgreSQL, where a transaction alone does not keep
/// two of them from making the same table.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('liveops.migrate'))";

/// Brings the tables of an application up to date with its migrations, `M`, which are those of liveops
/// and its own.
///
/// Processes may start at once: one migrates, the others wait for it and find nothing to do. All of it
/// happens in one transaction, and so does or does not; a migration that no transaction may hold, such
/// as one that builds an index concurrently, is for [`MigratorTrait::up`].
///
/// # Errors
///
/// When the database fails, or holds a migration that is not among `M`.
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
    migrated.await.map_err(StoreError::of("migrate its tables"))
}
