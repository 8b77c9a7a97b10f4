//! The migration of the table of executed stages.

use sea_orm_migration::{prelude::*, schema::*};

use super::execution::{Column, Entity};

pub(crate) struct CreateExecutions;

impl MigrationName for CreateExecutions {
    fn name(&self) -> &str {
        "demo_0002_create_executions"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait::async_trait]
impl MigrationTrait for CreateExecutions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let executions = Table::create()
            .table(Entity)
            .col(uuid(Column::Operation))
            .col(text(Column::Stage))
            .col(big_integer(Column::Executions))
            .primary_key(Index::create().col(Column::Operation).col(Column::Stage))
            .take();
        manager.create_table(executions).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}
