//! The rows of operations on every database: transitions, claims, lists and pruning.

#![cfg(all(feature = "sqlite", feature = "postgres"))]

mod database;
mod large_table;
mod migration_load;
mod operations;

mod actions;
mod attempts;
mod claims;
mod columns;
mod leases;
mod list_orders;
mod logs;
mod migrations;
mod outbox;
mod plans;
mod pruning;
mod searches;
mod server_limits;
mod stage_outputs;
mod stage_timings;
mod transitions;

use crate::store;
