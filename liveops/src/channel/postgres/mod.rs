//! A channel layer in PostgreSQL. Unlogged tables hold the retained state, and `LISTEN/NOTIFY` carries
//! frames between processes.
//!
//! `tables.sql` defines the tables and the functions that write to them; one function call publishes a
//! frame. The migrations of liveops create both, so the code here changes no schema.

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
