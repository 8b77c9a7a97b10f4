//! The migration that adds the duration of a lease to its row.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration for leases that other processes judge by the duration of their holder.
pub(super) struct AddLeaseDuration;

impl MigrationName for AddLeaseDuration {
    fn name(&self) -> &str {
        "liveops_0003_add_lease_duration"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for AddLeaseDuration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let duration = big_integer_null(Column::LeaseMs);
        manager.alter_table(Table::alter().table(Entity).add_column(duration).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let duration = Table::alter().table(Entity).drop_column(Column::LeaseMs).take();
        manager.alter_table(duration).await
    }
}
