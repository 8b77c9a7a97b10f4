//! The migration of the table of calls of the hook.

use sea_orm_migration::{prelude::*, schema::*};

use super::ending::{Column, Entity};

pub(crate) struct CreateEndings;

impl MigrationName for CreateEndings {
    fn name(&self) -> &str {
        "demo_0003_create_ended"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait::async_trait]
impl MigrationTrait for CreateEndings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ended = Table::create()
            .table(Entity)
            .col(big_pk_auto(Column::Id))
            .col(uuid(Column::Operation))
            // Not unique, so that a repeated call shows.
            .col(text(Column::Key))
            .col(text(Column::State))
            .take();
        manager.create_table(ended).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}
