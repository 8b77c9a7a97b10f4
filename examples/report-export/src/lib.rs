//! An operation that writes a file, which its owner downloads at the end. README.md describes each step.

mod app;
mod download;
mod exports;
mod order;
mod orders_export;
mod pages;
mod sign_in;

pub use app::App;
pub use exports::Exports;
pub use orders_export::{OrdersExport, Reports};
