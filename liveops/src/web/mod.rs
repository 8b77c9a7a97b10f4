//! The front door for browsers: pages, actions and the WebSocket.
//!
//! Knows axum, as otherwise only the command line does. An application mounts [`router`] and says who its viewers are.

mod actions;
mod assets;
mod bulk;
mod close;
mod consumer;
mod create;
#[cfg(test)]
mod delivery;
mod embed;
mod error;
mod event_stream;
mod follower;
mod form;
mod guard;
mod hub;
mod json;
mod line;
mod list;
mod list_events;
mod list_query;
mod log_text;
mod look;
mod operation_events;
mod page;
mod place;
mod revision;
mod router;
mod socket;
mod staff;
mod state;
mod token;
mod upload;
mod viewer;
mod wire;

pub use embed::{EmbedError, embed};
#[cfg(feature = "cli")]
pub(crate) use json::OperationJson;
#[cfg(feature = "cli")]
pub(crate) use log_text::log_text;
pub use router::router;
pub use viewer::Viewer;
