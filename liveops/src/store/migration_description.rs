//! The migration that adds the description of an operation.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration for descriptions of operations.
pub(super) struct AddDescription;

impl MigrationName for AddDescription {
    fn name(&self) -> &str {
        "liveops_0020_add_description"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for AddDescription {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let description = text_null(Column::Description);
        manager.alter_table(Table::alter().table(Entity).add_column(description).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let description = Table::alter().table(Entity).drop_column(Column::Description).take();
        manager.alter_table(description).await
    }
}
