//! The migration that adds stage timings and an index for the staff list.

use async_trait::async_trait;
use sea_orm::sea_query::ConditionalStatement;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// The migration for the staff view: the stage timings column, and an index for the list.
pub(super) struct AddStaffView;

const RUNNING: &str = "liveops_operation_running";

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
        manager.alter_table(Table::alter().table(Entity).add_column(timings).take()).await?;
        manager.create_index(running()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(RUNNING).table(Entity).to_owned()).await?;
        let timings = Table::alter().table(Entity).drop_column(Column::StageTimings).take();
        manager.alter_table(timings).await
    }
}

/// The index of running operations by start time. Small, because a row is in the index only while it runs.
///
/// The other orders already have indexes: IDs sort by time, and ended operations are indexed by end time.
/// The operation type has no index on purpose: without table statistics, SQLite would prefer such an index
/// for an owner's list of one type, and sort all operations of the type.
fn running() -> IndexCreateStatement {
    Index::create()
        .name(RUNNING)
        .table(Entity)
        .col(Column::StartedOn)
        .col(Column::Id)
        .and_where(Expr::col(Column::StartedOn).is_not_null())
        .and_where(Expr::col(Column::FinishedOn).is_null())
        .take()
}
