//! The claims that every other test builds on.

mod browser;
mod database;
mod proxy;
mod socket;
