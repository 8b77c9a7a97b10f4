//! How often stages of operations were done: a table of the application's own, beside those of
//! liveops, that survives whatever is killed.

mod execution;
mod migration;
mod store;

pub(crate) use migration::CreateExecutions;
pub use store::Executions;
