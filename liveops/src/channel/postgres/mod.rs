//! A channel layer in PostgreSQL: what is retained stands in unlogged tables, and `LISTEN/NOTIFY`
//! carries frames between processes.
//!
//! `tables.sql` has the tables, and functions that write them: one call publishes. The migrations of
//! liveops make both, so nothing here does at run time.

mod catch_up;
mod contents;
mod database;
mod layer;
mod listener;
mod notification;
mod publish;
mod sweep;
mod watched;

pub use layer::PostgresChannelLayer;
