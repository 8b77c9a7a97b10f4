//! The migration that creates the table of the attempts that are over.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::attempt::{Column, Entity};

/// The migration for the attempts that are over.
///
/// The table has no foreign key: each end of a run would have to check it, and the operations are deleted together
/// with their attempts.
pub(super) struct CreateAttempts;

impl MigrationName for CreateAttempts {
    fn name(&self) -> &str {
        "liveops_0018_create_attempts"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CreateAttempts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(uuid(Column::Operation))
            .col(integer(Column::Attempt))
            .col(text_null(Column::Worker))
            .col(timestamp_with_time_zone(Column::StartedOn))
            .col(timestamp_with_time_zone(Column::EndedOn))
            .col(text(Column::Outcome))
            .col(double_null(Column::Percent))
            .col(text_null(Column::ErrorMessage))
            .col(json_binary_null(Column::Bar))
            .col(json_binary_null(Column::Stages))
            .col(text_null(Column::Traceback))
            .col(json_binary_null(Column::Result))
            .col(json_binary_null(Column::ResultOrder))
            .primary_key(Index::create().col(Column::Operation).col(Column::Attempt))
            .take();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Entity).take()).await
    }
}
