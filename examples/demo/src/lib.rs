//! One application with every kind of operation that liveops supports: a template to copy from.
//!
//! `cargo run -p demo` serves it on <http://127.0.0.1:3000>. The database is the file `demo.sqlite3` in the
//! current folder.
//!
//! - [`operations`] has the operations; [`operations::ScoreImport`] is an example of a real one.
//! - [`scores`], [`executions`] and [`endings`] are the application's own tables.
//! - [`site`] has the pages: sign-in, start page, and the routes of liveops.
//! - [`Demo`] builds the application, for `main` and for tests.

pub mod endings;
pub mod executions;
pub mod scores;

pub mod operations;

pub mod site;

pub mod cli;
pub mod sample;

mod app_state;
mod demo;
mod library;
mod recorder;
mod secrets;
mod settings;

pub use app_state::AppState;
pub use demo::{Demo, StartError, migrate};
pub use library::{Access, Library, OpenError};
pub use secrets::{Secrets, SecretsError};
pub use settings::{DATABASE_URL, Register, Settings, SettingsError};
