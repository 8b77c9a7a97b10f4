//! The migrations of the indexes.

use sea_orm::sea_query::{ConditionalStatement, IndexOrder};
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

/// The migration for claims, lists and heartbeats in large tables.
///
/// No index contains a column that a heartbeat changes, so that PostgreSQL updates the row in place (a
/// heap-only tuple).
pub(super) const INDEX_LARGE_TABLES: IndexMigration = IndexMigration {
    name: "liveops_0006_index_large_tables",
    created: || vec![ready(), scheduled(), not_started(), started(), ended_as(), of_type()],
    dropped: || vec![waiting(), lease()],
};

/// The index of the operations that a worker may claim now. The queue and the type come first, so that a claim
/// reads no operation of a queue or a type that the worker does not serve.
fn ready() -> NamedIndex {
    NamedIndex::new("liveops_operation_ready", |index| {
        is_waiting(index)
            .col(Column::Queue)
            .col(Column::OpType)
            .col((Column::Priority, IndexOrder::Desc))
            .col(Column::Id)
            .and_where(Expr::col(Column::RunAfter).is_null())
    })
}

/// The index of the operations that are to start later.
fn scheduled() -> NamedIndex {
    NamedIndex::new("liveops_operation_scheduled", |index| {
        is_waiting(index).col(Column::RunAfter).and_where(Expr::col(Column::RunAfter).is_not_null())
    })
}

/// The index for the list of waiting operations.
fn not_started() -> NamedIndex {
    NamedIndex::new("liveops_operation_not_started", |index| is_waiting(index).col(Column::Id))
}

/// The index of the running operations by ID, for lists and for the leases. Small, because a row is in the
/// index only while the operation runs.
fn started() -> NamedIndex {
    NamedIndex::new("liveops_operation_started", |index| {
        index
            .col(Column::Id)
            .and_where(Expr::col(Column::StartedOn).is_not_null())
            .and_where(Expr::col(Column::FinishedOn).is_null())
    })
}

/// The index for the lists of finished, failed and cancelled operations.
fn ended_as() -> NamedIndex {
    NamedIndex::new("liveops_operation_ended_as", |index| {
        index
            .col(Column::Cancelled)
            .col(Column::FinishedSuccessfully)
            .col(Column::Id)
            .and_where(Expr::col(Column::FinishedOn).is_not_null())
    })
}

/// The index for the lists of one type.
fn of_type() -> NamedIndex {
    NamedIndex::new("liveops_operation_type", |index| index.col(Column::OpType).col(Column::Id))
}

fn is_waiting(index: &mut IndexCreateStatement) -> &mut IndexCreateStatement {
    index
        .and_where(Expr::col(Column::StartedOn).is_null())
        .and_where(Expr::col(Column::FinishedOn).is_null())
}

/// The first index for claims, which includes scheduled operations and has the priority first.
fn waiting() -> NamedIndex {
    NamedIndex::new("liveops_operation_waiting", |index| {
        is_waiting(index)
            .col((Column::Priority, IndexOrder::Desc))
            .col(Column::Id)
            .col(Column::Queue)
    })
}

/// The first index of the leases.
fn lease() -> NamedIndex {
    NamedIndex::new("liveops_operation_lease", |index| {
        index.col(Column::LeaseUntil).and_where(Expr::col(Column::FinishedOn).is_null())
    })
}

/// The index of running operations by start time. Small, because a row is in the index only while it runs.
fn running() -> NamedIndex {
    NamedIndex::new("liveops_operation_running", |index| {
        index
            .col(Column::StartedOn)
            .col(Column::Id)
            .and_where(Expr::col(Column::StartedOn).is_not_null())
            .and_where(Expr::col(Column::FinishedOn).is_null())
    })
}
