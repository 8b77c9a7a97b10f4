//! The operation's row: the truth about every operation, and the queue they wait in.
//!
//! Every change of state is a compare-and-set: `UPDATE … WHERE` the row is still as the writer
//! believes, so that of two writers one loses instead of overwriting. Knows nothing of channels,
//! and never decides what a run means.

mod claim;
mod connect;
mod control;
mod entity;
mod error;
mod insert;
mod lease;
mod list_filter;
mod list_key;
mod listed;
mod migrate;
mod migration;
mod migration_staff;
mod operations;
mod prune;
mod restore;
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
pub use list_key::{PageCursor, ParsePageCursorError};
pub use listed::RowPage;
pub use migrate::migrate;
pub use migration::{Migrator, migrations};
pub use operations::Store;
pub use run::{FailedAttempt, RunConclusion, SaveReply};
pub(crate) use transition::later;

/// A transaction of the database that the operations are in.
pub type Transaction = sea_orm::DatabaseTransaction;
