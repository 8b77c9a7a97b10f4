//! The rows of operations: the durable record of every operation, and the queue of waiting operations.
//!
//! Every state change is a compare-and-set: `UPDATE … WHERE` the row still has the state the writer
//! expects, so that one of two concurrent writers fails instead of overwriting the other. The module knows
//! nothing of channels and makes no decision about a run.

mod claim;
mod connect;
mod control;
mod entity;
mod error;
mod insert;
mod lease;
mod list_filter;
mod migrate;
mod migration;
mod migration_staff;
mod operations;
mod page_cursor;
mod prune;
mod restore;
mod row_page;
mod run;
mod stage_output;
mod stage_timings;
mod transition;
mod writer;

pub use claim::Claim;
pub use connect::connect;
pub use control::{CancelTransition, RetryTransition};
pub use entity::{ActiveModel, Column, Entity, Model, Relation};
pub(crate) use error::RETRY_AFTER;
pub use error::StoreError;
pub use insert::Enqueued;
pub use lease::{Heartbeat, HeartbeatReply, Lease};
pub use list_filter::{ListFilter, PagePosition};
pub use migrate::migrate;
pub use migration::{Migrator, migrations};
pub use operations::Store;
pub use page_cursor::{PageCursor, ParsePageCursorError};
pub use row_page::RowPage;
pub use run::{FailedAttempt, RunConclusion, SaveReply};
pub(crate) use transition::later;

/// A transaction in the database of the operations.
pub type Transaction = sea_orm::DatabaseTransaction;
