//! The counts of executed stages: a table of the application's own, beside the tables of liveops. The counts
//! survive a killed process.

mod execution;
mod migration;
mod store;

pub(crate) use migration::CreateExecutions;
pub use store::Executions;
