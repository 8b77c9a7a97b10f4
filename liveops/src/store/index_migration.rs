//! Migrations that only create and drop indexes, without blocking other processes.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::{SchemaManagerConnection, prelude::*};

use super::Entity;

/// A migration that creates indexes, and then drops others.
///
/// On PostgreSQL the statements run concurrently, outside of a transaction: other processes read and write
/// meanwhile. An invalid index that a failed build has left behind is dropped and built again, and an index
/// that exists is kept. Inside of a transaction of the caller, which permits no concurrent build, and on
/// SQLite, the statements are ordinary ones.
pub(super) struct IndexMigration {
    /// The name in the migration table.
    pub(super) name: &'static str,
    /// Returns the indexes to create, with their names.
    pub(super) created: fn() -> Vec<NamedIndex>,
    /// Returns the indexes to drop, as they were created.
    pub(super) dropped: fn() -> Vec<NamedIndex>,
}

/// An index of the operations, with its name.
pub(super) struct NamedIndex {
    name: &'static str,
    index: IndexCreateStatement,
}

impl NamedIndex {
    /// Creates an index of the operations. `columns` adds its columns and conditions.
    pub(super) fn new(
        name: &'static str,
        columns: impl FnOnce(&mut IndexCreateStatement) -> &mut IndexCreateStatement,
    ) -> Self {
        let mut index = Index::create().name(name).table(Entity).take();
        columns(&mut index);
        Self { name, index }
    }
}

impl MigrationName for IndexMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for IndexMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, (self.dropped)(), (self.created)()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, (self.created)(), (self.dropped)()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// Creates the new indexes first, so that queries always have an index.
async fn replace(
    manager: &SchemaManager<'_>,
    old: Vec<NamedIndex>,
    new: Vec<NamedIndex>,
) -> Result<(), DbErr> {
    for index in new {
        create(manager, index).await?;
    }
    for index in old {
        drop_index(manager, index.name).await?;
    }
    Ok(())
}

async fn create(manager: &SchemaManager<'_>, new: NamedIndex) -> Result<(), DbErr> {
    let NamedIndex { name, mut index } = new;
    if is_valid(manager, name).await? == Some(false) {
        drop_index(manager, name).await?;
    }
    index.if_not_exists();
    if is_concurrent(manager) {
        index.concurrently();
    }
    manager.create_index(index).await
}

async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let mut index = Index::drop().name(name).table(Entity).if_exists().to_owned();
    if is_concurrent(manager) {
        index.concurrently();
    }
    manager.drop_index(index).await
}

fn is_concurrent(manager: &SchemaManager<'_>) -> bool {
    manager.get_database_backend() == DbBackend::Postgres
        && matches!(manager.get_connection(), SchemaManagerConnection::Connection(_))
}

/// Returns `Some(false)` for the rest of a failed concurrent build, and `None` if there is no such index.
async fn is_valid(manager: &SchemaManager<'_>, name: &str) -> Result<Option<bool>, DbErr> {
    const STATE: &str = "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
        JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relname = $1 AND n.nspname = current_schema()";

    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let state = Statement::from_sql_and_values(DbBackend::Postgres, STATE, [name.into()]);
    let row = manager.get_connection().query_one_raw(state).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}
