//! The migration that adds the order of the fields of a result.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration for results in the order of their fields.
pub(super) struct AddResultOrder;

impl MigrationName for AddResultOrder {
    fn name(&self) -> &str {
        "liveops_0021_add_result_order"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for AddResultOrder {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let order = json_binary_null(Column::ResultOrder);
        manager.alter_table(Table::alter().table(Entity).add_column(order).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let order = Table::alter().table(Entity).drop_column(Column::ResultOrder).take();
        manager.alter_table(order).await
    }
}
