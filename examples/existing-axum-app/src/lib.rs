//! An application that was there before liveops: it has users with sessions, tables with migrations,
//! and pages in a layout of its own. README.md says what was added where.
//!
//! Nearly all that is about liveops is in the module `live`; the lines that it took elsewhere are
//! marked with `live:`.

mod app;
mod error;
mod home;
mod layout;
mod live;
mod migrations;
mod models;
mod sample;
mod sign_in;
mod users;

pub use app::{App, Mailer, Services};
pub use live::SendInvoices;
