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

/// The migration for claims in large tables. The migrations of the other indexes follow, because each of them locks
/// a SQLite file until its indexes are built.
///
/// No index contains a column that a heartbeat changes, so that PostgreSQL updates the row in place (a
/// heap-only tuple).
pub(super) const INDEX_LARGE_TABLES: IndexMigration = IndexMigration {
    name: "liveops_0006_index_large_tables",
    created: || vec![ready(), scheduled(), started()],
    dropped: || vec![waiting(), lease()],
};

/// The migration for the lists of one state.
pub(super) const INDEX_STATES: IndexMigration = IndexMigration {
    name: "liveops_0014_index_states",
    created: || vec![not_started(), finished(), failed(), cancelled()],
    dropped: Vec::new,
};

/// The migration for the lists of ended operations in the order of their ends.
pub(super) const INDEX_ENDS: IndexMigration = IndexMigration {
    name: "liveops_0016_index_ends",
    created: || vec![last_ended(), failed_last(), cancelled_last()],
    dropped: || vec![ended()],
};

/// The migration for the lists of one type.
pub(super) const INDEX_TYPES: IndexMigration = IndexMigration {
    name: "liveops_0015_index_types",
    created: || vec![of_type(), ended_of_type()],
    dropped: Vec::new,
};

/// The migration for claims that serve the owners in turn.
pub(super) const INDEX_OWNERS: IndexMigration = IndexMigration {
    name: "liveops_0017_index_owners",
    created: || vec![ready_of_owner(), waiting_of_owner()],
    dropped: Vec::new,
};

/// The migration for claims by the version of the input.
pub(super) const INDEX_VERSIONS: IndexMigration = IndexMigration {
    name: "liveops_0023_index_versions",
    created: || vec![ready_by_version(), scheduled_by_version()],
    dropped: || vec![ready(), ready_of_owner(), scheduled()],
};

/// The index of the operations that a worker may claim now. The queue, the type and the version come first, so that a
/// claim reads no operation that the worker does not serve or cannot read.
///
/// With the last columns, the count of the waiting operations reads only the index.
fn ready_by_version() -> NamedIndex {
    NamedIndex::new("liveops_operation_ready_by_version", |index| {
        is_waiting(index)
            .col(Column::Queue)
            .col(Column::OpType)
            .col(Column::PayloadVersion)
            .col((Column::Priority, IndexOrder::Desc))
            .col(Column::Owner)
            .col(Column::Id)
            .col(Column::DueOn)
            // Always `NULL`, but without the columns SQLite would read the row to check this.
            .col(Column::StartedOn)
            .col(Column::FinishedOn)
            .col(Column::RunAfter)
            .and_where(Expr::col(Column::RunAfter).is_null())
    })
}

/// The index of the operations that are to start later, with their versions.
fn scheduled_by_version() -> NamedIndex {
    NamedIndex::new("liveops_operation_scheduled_by_version", |index| {
        is_waiting(index)
            .col(Column::RunAfter)
            // For the count of the operations that are due.
            .col(Column::Queue)
            .col(Column::OpType)
            .col(Column::PayloadVersion)
            .col(Column::DueOn)
            .col(Column::StartedOn)
            .col(Column::FinishedOn)
            .and_where(Expr::col(Column::RunAfter).is_not_null())
    })
}

/// The first index of the operations that a worker may claim now, by owner.
fn ready_of_owner() -> NamedIndex {
    NamedIndex::new("liveops_operation_ready_of_owner", |index| {
        is_waiting(index)
            .col(Column::Queue)
            .col(Column::OpType)
            .col((Column::Priority, IndexOrder::Desc))
            .col(Column::Owner)
            .col(Column::Id)
            .and_where(Expr::col(Column::RunAfter).is_null())
    })
}

/// The index for the number of waiting operations of an owner.
fn waiting_of_owner() -> NamedIndex {
    NamedIndex::new("liveops_operation_waiting_of_owner", |index| {
        is_waiting(index)
            .col(Column::Owner)
            .col(Column::Id)
            .col(Column::StartedOn)
            .col(Column::FinishedOn)
    })
}

/// The first index of the operations that a worker may claim now, without their versions.
fn ready() -> NamedIndex {
    NamedIndex::new("liveops_operation_ready", |index| {
        is_waiting(index)
            .col(Column::Queue)
            .col(Column::OpType)
            .col((Column::Priority, IndexOrder::Desc))
            .col(Column::Id)
            .col(Column::DueOn)
            // Always `NULL`, but without the columns SQLite would read the row to check this.
            .col(Column::StartedOn)
            .col(Column::FinishedOn)
            .col(Column::RunAfter)
            .and_where(Expr::col(Column::RunAfter).is_null())
    })
}

/// The first index of the operations that are to start later, without their versions.
fn scheduled() -> NamedIndex {
    NamedIndex::new("liveops_operation_scheduled", |index| {
        is_waiting(index)
            .col(Column::RunAfter)
            // For the count of the operations that are due.
            .col(Column::Queue)
            .col(Column::OpType)
            .col(Column::DueOn)
            .col(Column::StartedOn)
            .col(Column::FinishedOn)
            .and_where(Expr::col(Column::RunAfter).is_not_null())
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

/// The index for the list of finished operations. Each state has an index with the state as its condition. Such an
/// index has the same columns as the primary key and fewer entries, so PostgreSQL prefers it without any statistics.
fn finished() -> NamedIndex {
    NamedIndex::new("liveops_operation_finished", |index| {
        has_ended(index)
            .col(Column::Id)
            .and_where(Expr::col(Column::Cancelled).eq(false))
            .and_where(Expr::col(Column::FinishedSuccessfully).eq(true))
    })
}

/// The index for the list of failed operations.
fn failed() -> NamedIndex {
    NamedIndex::new("liveops_operation_failed", |index| {
        has_ended(index)
            .col(Column::Id)
            .and_where(Expr::col(Column::Cancelled).eq(false))
            .and_where(Expr::col(Column::FinishedSuccessfully).eq(false))
    })
}

/// The index for the list of cancelled operations.
fn cancelled() -> NamedIndex {
    NamedIndex::new("liveops_operation_cancelled", |index| {
        has_ended(index).col(Column::Id).and_where(Expr::col(Column::Cancelled).eq(true))
    })
}

/// The index for the list of ended operations in the order of their ends, and for pruning. The index contains the
/// columns of the condition of a list.
fn last_ended() -> NamedIndex {
    NamedIndex::new("liveops_operation_last_ended", |index| {
        has_ended(index)
            .col(Column::FinishedOn)
            .col(Column::Id)
            .col(Column::Cancelled)
            .col(Column::FinishedSuccessfully)
    })
}

/// The index for the list of failed operations in the order of their ends.
fn failed_last() -> NamedIndex {
    NamedIndex::new("liveops_operation_failed_last", |index| {
        has_ended(index)
            .col(Column::FinishedOn)
            .col(Column::Id)
            .and_where(Expr::col(Column::Cancelled).eq(false))
            .and_where(Expr::col(Column::FinishedSuccessfully).eq(false))
    })
}

/// The index for the list of cancelled operations in the order of their ends.
fn cancelled_last() -> NamedIndex {
    NamedIndex::new("liveops_operation_cancelled_last", |index| {
        has_ended(index)
            .col(Column::FinishedOn)
            .col(Column::Id)
            .and_where(Expr::col(Column::Cancelled).eq(true))
    })
}

/// The first index of the ended operations.
fn ended() -> NamedIndex {
    NamedIndex::new("liveops_operation_ended", |index| has_ended(index).col(Column::FinishedOn))
}

/// The index for the lists of one type. A list of one type and one state reads the state in the index.
fn of_type() -> NamedIndex {
    NamedIndex::new("liveops_operation_type", |index| {
        index
            .col(Column::OpType)
            .col(Column::Id)
            .col(Column::StartedOn)
            .col(Column::FinishedOn)
            .col(Column::Cancelled)
            .col(Column::FinishedSuccessfully)
    })
}

/// The index for the lists of one type in the order of their ends.
fn ended_of_type() -> NamedIndex {
    NamedIndex::new("liveops_operation_type_ended", |index| {
        has_ended(index)
            .col(Column::OpType)
            .col(Column::FinishedOn)
            .col(Column::Id)
            .col(Column::Cancelled)
            .col(Column::FinishedSuccessfully)
    })
}

fn has_ended(index: &mut IndexCreateStatement) -> &mut IndexCreateStatement {
    index.and_where(Expr::col(Column::FinishedOn).is_not_null())
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
