//! The migration that creates the table of the actions.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::action::{Column, Entity};

/// The migration for the actions of users. No foreign key, as for the attempts.
pub(super) struct CreateActions;

impl MigrationName for CreateActions {
    fn name(&self) -> &str {
        "liveops_0019_create_actions"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CreateActions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(pk_uuid(Column::Id))
            .col(uuid_null(Column::Operation))
            .col(timestamp_with_time_zone(Column::At))
            .col(text(Column::Kind))
            .col(text_null(Column::Actor))
            .col(big_integer_null(Column::Count))
            .take();
        manager.create_table(table).await?;
        let of_operation = Index::create()
            .name("liveops_action_operation")
            .table(Entity)
            .col(Column::Operation)
            .col(Column::Id)
            .take();
        manager.create_index(of_operation).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}
