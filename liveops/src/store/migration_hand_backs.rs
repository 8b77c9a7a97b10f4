//! The migration that counts the hand-backs of an operation.

use async_trait::async_trait;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration for hand-backs at a shutdown: their number.
pub(super) struct CountHandBacks;

impl MigrationName for CountHandBacks {
    fn name(&self) -> &str {
        "liveops_0004_count_hand_backs"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for CountHandBacks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A default, because processes of an earlier version insert rows without the column.
        let hand_backs = integer(Column::HandBacks).default(0).take();
        manager.alter_table(Table::alter().table(Entity).add_column(hand_backs).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let hand_backs = Table::alter().table(Entity).drop_column(Column::HandBacks).take();
        manager.alter_table(hand_backs).await
    }
}
