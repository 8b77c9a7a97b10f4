//! An application that existed before liveops was added: it has users with sessions, tables with migrations,
//! and pages in its own layout. README.md lists the changes.
//!
//! Almost all code about liveops is in the module `live`; the changed lines elsewhere are marked with
//! `live:`.

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
