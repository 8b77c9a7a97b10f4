//! The front door for browsers: pages, actions and the WebSocket.
//!
//! The only place that knows axum. An application mounts [`router`] and says who its viewers are.

mod actions;
mod assets;
mod close;
mod consumer;
mod create;
#[cfg(test)]
mod delivery;
mod embed;
mod error;
mod event_stream;
mod follower;
mod guard;
mod hub;
mod json;
mod line;
mod list;
mod list_events;
mod look;
mod operation_events;
mod page;
mod place;
mod revision;
mod router;
mod socket;
mod state;
mod token;
mod upload;
mod viewer;
mod wire;

pub use embed::{EmbedError, embed};
pub use router::router;
pub use viewer::Viewer;
