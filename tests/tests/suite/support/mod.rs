//! What the tests are made with.

pub(crate) mod app;
pub(crate) mod database;
pub(crate) mod need;
pub(crate) mod page;
pub(crate) mod postgres;
pub(crate) mod server;
pub(crate) mod socket;
pub(crate) mod sqlite;
