//! The migrations that move the large columns to the end of the row, on SQLite.

use async_trait::async_trait;
use sea_orm::DbBackend;
use sea_orm_migration::{prelude::*, schema::*};

use super::Entity;

/// A migration that moves a large column to the end of the row, on SQLite.
///
/// SQLite stores the columns of a row one after the other, and reads all pages up to the last column that a
/// query needs. Behind an input of 8 MiB, every other column of a list cost two thousand pages. PostgreSQL stores
/// large values elsewhere.
///
/// Each column has a separate migration, and so a separate transaction: SQLite writes the whole table to drop the old
/// column, and other writers wait until the transaction ends.
pub(super) struct MoveColumn {
    name: &'static str,
    column: &'static str,
}

impl MoveColumn {
    /// The moved columns in their new order.
    pub(super) const ALL: [Self; 6] = [
        Self { name: "liveops_0008_move_large_columns", column: "stage_states" },
        Self { name: "liveops_0009_move_stage_timings", column: "stage_timings" },
        Self { name: "liveops_0010_move_traceback", column: "traceback" },
        Self { name: "liveops_0011_move_result", column: "result_context" },
        Self { name: "liveops_0012_move_input", column: "input" },
        Self { name: "liveops_0013_move_log", column: "log" },
    ];

    /// Returns the definition of the new column, and its default value.
    fn copy(&self) -> (ColumnDef, &'static str) {
        let name = self.copy_name();
        match self.column {
            "traceback" => (text_null(name), "NULL"),
            "stage_states" | "log" => (json_binary(name).default("[]").take(), "'[]'"),
            "input" => (json_binary(name).default("null").take(), "'null'"),
            _ => (json_binary_null(name), "NULL"),
        }
    }

    fn copy_name(&self) -> Alias {
        Alias::new(format!("{}_moved", self.column))
    }
}

impl MigrationName for MoveColumn {
    fn name(&self) -> &str {
        self.name
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for MoveColumn {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let table = || Table::alter().table(Entity).take();
        let (definition, default) = self.copy();
        manager.alter_table(table().add_column(definition).take()).await?;
        // Writes only the rows whose value differs from the default.
        let copy = Query::update()
            .table(Entity)
            .value(self.copy_name(), Expr::col(self.column))
            .and_where(Expr::cust(format!(r#""{}" IS NOT {default}"#, self.column)))
            .take();
        let backend = manager.get_database_backend();
        manager.get_connection().execute_raw(backend.build(&copy)).await?;
        manager.alter_table(table().drop_column(self.column).take()).await?;
        manager.alter_table(table().rename_column(self.copy_name(), self.column).take()).await
    }

    /// Does nothing: the order of the columns has no meaning.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}
