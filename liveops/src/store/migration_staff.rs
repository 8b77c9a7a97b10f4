use async_trait::async_trait;
use sea_orm::sea_query::ConditionalStatement;
use sea_orm_migration::{prelude::*, schema::*};

use super::{Column, Entity};

/// What the staff view needs: the timings of stages, and an index for its list.
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

/// What has been running longest: little at once, and no row is in it for longer than it runs.
///
/// The other orders have their index already: ids sort by time, and what has ended is indexed by when. A
/// type has none. SQLite, which does not count rows unless it is told to, would take it for whoever asks
/// for their own operations of a type, and sort all of the type.
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
