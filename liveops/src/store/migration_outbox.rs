//! The migration that creates the outbox.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::outbox::{Column, Entity};

/// The migration for the outbox. No foreign key, as for the attempts.
pub(super) struct CreateOutbox;

impl MigrationName for CreateOutbox {
    fn name(&self) -> &str {
        "liveops_0024_create_outbox"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CreateOutbox {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(text(Column::Receiver))
            .col(uuid(Column::Operation))
            .col(integer(Column::Attempt))
            .col(text(Column::OpType))
            .col(text(Column::Owner))
            .col(text(Column::State))
            .col(timestamp_with_time_zone(Column::CreatedOn))
            .col(timestamp_with_time_zone_null(Column::StartedOn))
            .col(timestamp_with_time_zone(Column::FinishedOn))
            .col(timestamp_with_time_zone(Column::DueOn))
            .col(integer(Column::Tries))
            .col(integer(Column::PayloadVersion))
            .col(text_null(Column::ErrorMessage))
            .col(json_binary(Column::Input))
            .col(json_binary_null(Column::Result))
            .primary_key(
                Index::create().col(Column::Receiver).col(Column::Operation).col(Column::Attempt),
            )
            .take();
        manager.create_table(table).await?;
        let due = Index::create()
            .name("liveops_outbox_due")
            .table(Entity)
            .col(Column::Receiver)
            .col(Column::DueOn)
            .take();
        manager.create_index(due).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}
