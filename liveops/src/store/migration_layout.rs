//! The migration that moves the large columns to the end of the row, on SQLite.

use async_trait::async_trait;
use sea_orm::DbBackend;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration that moves the large columns to the end of the row, on SQLite.
///
/// SQLite stores the columns of a row one after the other, and reads all pages up to the last column that a
/// query needs. Behind an input of 8 MiB, every other column of a list cost two thousand pages. PostgreSQL stores
/// large values elsewhere.
pub(super) struct MoveLargeColumns;

impl MigrationName for MoveLargeColumns {
    fn name(&self) -> &str {
        "liveops_0008_move_large_columns"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for MoveLargeColumns {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let table = || Table::alter().table(Entity).take();
        let mut copy = Query::update().table(Entity).take();
        for (column, definition) in moved() {
            manager.alter_table(table().add_column(definition).take()).await?;
            copy.value(moved_name(column), Expr::col(column));
        }
        let backend = manager.get_database_backend();
        manager.get_connection().execute_raw(backend.build(&copy)).await?;
        for (column, _) in moved() {
            manager.alter_table(table().drop_column(column).take()).await?;
            manager.alter_table(table().rename_column(moved_name(column), column).take()).await?;
        }
        Ok(())
    }

    /// Does nothing: the order of the columns has no meaning.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Returns the moved columns in their new order, with the definitions of their copies.
fn moved() -> [(Column, ColumnDef); 6] {
    let json =
        |column, empty: &str| (column, json_binary(moved_name(column)).default(empty).take());
    let json_null = |column| (column, json_binary_null(moved_name(column)));
    [
        json(Column::StageStates, "[]"),
        json_null(Column::StageTimings),
        (Column::Traceback, text_null(moved_name(Column::Traceback))),
        json_null(Column::ResultContext),
        json(Column::Input, "null"),
        json(Column::Log, "[]"),
    ]
}

/// Returns the name of the copy of a column.
fn moved_name(column: Column) -> Alias {
    Alias::new(format!("{}_moved", column.to_string()))
}
