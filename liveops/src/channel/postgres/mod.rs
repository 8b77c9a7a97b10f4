//! A channel layer in PostgreSQL. Unlogged tables hold the retained state, and `LISTEN/NOTIFY` carries
//! frames between processes.
//!
//! `tables.sql` defines the tables and the functions that write to them; one function call publishes a
//! frame. The migrations of liveops create both, so the code here changes no schema.

mod catch_up;
mod database;
mod expiry_sweeper;
mod fragment_columns;
mod layer;
mod listened_channels;
mod listener;
mod notification;
mod publish;

pub use layer::PostgresChannelLayer;
