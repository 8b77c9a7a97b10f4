//! The migrations of the indexes.

use sea_orm::sea_query::ConditionalStatement;
use sea_orm_migration::prelude::*;

use super::{
    Column,
    index_migration::{IndexMigration, NamedIndex},
};

/// The migration for the list of running operations.
pub(super) const ADD_RUNNING: IndexMigration = IndexMigration {
    name: "liveops_0005_index_running",
    created: || vec![running()],
    dropped: Vec::new,
};

/// The index of running operations by start time. Small, because a row is in the index only while it runs.
///
/// The other orders already have indexes: IDs sort by time, and ended operations are indexed by end time.
/// The operation type has no index on purpose: without table statistics, SQLite would prefer such an index
/// for an owner's list of one type, and sort all operations of the type.
fn running() -> NamedIndex {
    NamedIndex::new("liveops_operation_running", |index| {
        index
            .col(Column::StartedOn)
            .col(Column::Id)
            .and_where(Expr::col(Column::StartedOn).is_not_null())
            .and_where(Expr::col(Column::FinishedOn).is_null())
    })
}
