//! The HTTP interface: pages, forms, actions, the WebSocket and the event streams.
//!
//! `auth` identifies the viewer of a request and checks permissions, `pages` answers with HTML and JSON,
//! `delivery` keeps open connections up to date, `guard` protects all routes,
//! and `serve` is an HTTP server with timeouts. An application mounts [`router`] and supplies an
//! extractor that turns into a [`Viewer`]. Apart from the command line, only this module uses axum.

mod auth;
mod delivery;
mod error;
mod guard;
mod header_params;
mod negotiation;
mod pages;
mod panics;
mod router;
mod serve;
mod state;

pub use guard::guard;
#[cfg(feature = "cli")]
pub(crate) use pages::attempts::{earlier, over};
pub use pages::embed::{EmbedError, embed};
#[cfg(feature = "cli")]
pub(crate) use pages::json::OperationJson;
#[cfg(feature = "cli")]
pub(crate) use pages::log::{LogFilter, LogReader, log_tail};
pub use router::router;
pub use serve::{Serve, serve};

pub use crate::access::Viewer;

/// Returns `true` if a text is a message of a client over the WebSocket.
#[cfg(fuzzing)]
pub(crate) fn is_client_message(text: &str) -> bool {
    delivery::messages::ClientMessage::read(text).is_some()
}
