//! The migration that leaves space for updates in the pages of the table.

use async_trait::async_trait;
use sea_orm_migration::prelude::*;

use super::migration::run_on_postgres;

/// The migration that leaves space for updates in the pages of the table, on PostgreSQL.
///
/// Each heartbeat updates the rows of all runs of its process, which are neighbours in the table. With a fifth
/// of each page free, six of seven updates stay in their page and need no new entry in any index (a heap-only
/// tuple); without free space, nearly none does.
pub(super) struct LeaveSpaceForUpdates;

impl MigrationName for LeaveSpaceForUpdates {
    fn name(&self) -> &str {
        "liveops_0007_leave_space_for_updates"
    }
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves the manager's lifetime out")]
#[async_trait]
impl MigrationTrait for LeaveSpaceForUpdates {
    /// Blocks neither readers nor writers. The setting holds for new pages.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_on_postgres(manager, "ALTER TABLE liveops_operation SET (fillfactor = 80)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run_on_postgres(manager, "ALTER TABLE liveops_operation RESET (fillfactor)").await
    }
}
