//! The migration that adds stage timings.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration for the staff view: the stage timings column.
pub(super) struct AddStaffView;

impl MigrationName for AddStaffView {
    fn name(&self) -> &str {
        "liveops_0002_add_staff_view"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for AddStaffView {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let timings = json_binary_null(Column::StageTimings);
        manager.alter_table(Table::alter().table(Entity).add_column(timings).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let timings = Table::alter().table(Entity).drop_column(Column::StageTimings).take();
        manager.alter_table(timings).await
    }
}
