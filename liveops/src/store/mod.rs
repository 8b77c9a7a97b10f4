//! The rows of operations: the durable record of every operation, and the queue of waiting operations.
//!
//! Every state change is a compare-and-set: `UPDATE … WHERE` the row still has the state the writer
//! expects, so that one of two concurrent writers fails instead of overwriting the other. The module knows
//! nothing of channels and makes no decision about a run.

mod action;
mod attempt;
mod claim;
mod columns;
mod conflict;
mod connect;
mod connections;
mod control;
mod entity;
mod error;
mod index_migration;
mod insert;
mod lease;
mod list_filter;
mod log;
mod migrate;
mod migration;
mod migration_actions;
mod migration_attempts;
mod migration_description;
mod migration_hand_backs;
mod migration_indexes;
mod migration_layout;
mod migration_lease;
mod migration_log;
mod migration_outbox;
mod migration_result_order;
mod migration_space;
mod migration_staff;
mod operations;
mod outbox;
mod own_connection;
mod page_cursor;
mod prune;
mod recorded_write;
mod restore;
mod row_page;
mod run;
mod run_state;
mod search;
mod server;
#[cfg(feature = "postgres")]
mod server_pool;
#[cfg(feature = "postgres")]
mod sessions;
mod shares;
mod sort_key;
mod stage_output;
mod stage_timings;
#[cfg(test)]
mod tests;
mod transition;
mod waiting;
mod writer;

pub(crate) use attempt::ClaimedAttempt;
pub(crate) use claim::Claim;
pub(crate) use columns::Columns;
pub(crate) use conflict::Repetitions;
pub use connect::connect;
pub(crate) use control::{CancelTransition, RetryTransition};
pub use entity::Model;
pub(crate) use entity::{ActiveModel, Column, Entity};
pub(crate) use error::RETRY_AFTER;
pub use error::StoreError;
pub use insert::Enqueued;
pub(crate) use lease::{Heartbeat, HeartbeatReply, Lease, LostAttempt};
pub use list_filter::ListFilter;
pub(crate) use list_filter::SEARCHED_LEN_MAX;
pub(crate) use log::{LogAppend, LogExtent, LoggedLines, log_statements};
pub use migrate::migrate;
pub use migration::{Migrator, migrations};
pub(crate) use operations::Store;
pub(crate) use outbox::{Model as OutboxEntry, OUTBOX_WAIT_MAX, Receivers};
pub(crate) use own_connection::OwnConnection;
pub use page_cursor::PageCursor;
pub(crate) use page_cursor::PagePosition;
pub(crate) use row_page::RowPage;
pub(crate) use run::{FailedAttempt, RunConclusion};
pub(crate) use run_state::RowState;
pub(crate) use shares::{OwnerLimits, OwnerTurn};
pub(crate) use sort_key::SortKey;
pub(crate) use transition::later;
pub(crate) use waiting::WaitingOperations;

/// A transaction in the database of the operations.
pub(crate) type Transaction = sea_orm::DatabaseTransaction;
