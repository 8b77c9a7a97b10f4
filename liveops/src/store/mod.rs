//! The operation's row: the truth about every operation, and the queue they wait in.
//!
//! Every change of state is a compare-and-set: `UPDATE … WHERE` the row is still as the writer
//! believes, so that of two writers one loses instead of overwriting. Knows nothing of channels,
//! and never decides what a run means.

mod connect;
mod entity;
mod error;
mod list_filter;
mod migration;
mod operations;
mod restore;
mod stage_output;
mod transition;

pub use connect::connect;
pub use entity::{ActiveModel, Column, Entity, Model, Relation};
pub use error::StoreError;
pub use list_filter::ListFilter;
pub use migration::{Migrator, migrations};
pub use operations::{Cancelling, Conclusion, Saved, Store};
