//! Every kind of operation liveops knows, in one application: a template to copy from.
//!
//! `cargo run -p demo` serves it on <http://127.0.0.1:3000>, with its database in the file
//! `demo.sqlite3` of the folder it is started in.
//!
//! - [`operations`] is the work: start with [`operations::ScoreImport`], which is what a real one
//!   looks like.
//! - [`scores`] and [`executions`] are the application's own tables.
//! - [`site`] is the pages: sign-in, start page, and the routes of liveops beside them.
//! - [`Demo`] puts these together, for `main` and for tests.

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
pub use settings::{DATABASE_URL, Settings, SettingsError};
