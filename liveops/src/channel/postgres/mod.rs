//! A channel layer in PostgreSQL. Unlogged tables hold the retained state, and `LISTEN/NOTIFY` carries
//! frames between processes.
//!
//! `tables.sql` defines the tables and the functions that write to them; one function call publishes a
//! frame. The migrations of liveops create both, so the code here changes no schema.
//!
//! Publishing is a function, because the parts of one statement see the data from before the statement waited
//! for the lock of the channel, and the statements of a function see newer data. An application has one list
//! of migrations, so the migration of `store` executes `tables.sql`; the two engines still do not use each
//! other.

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
