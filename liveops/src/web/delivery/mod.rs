//! Connections that stay open: how frames reach the clients that watch a channel.
//!
//! The hub holds one upstream subscription per channel and encodes each frame once. A subscriber decides, for
//! one client, whether a frame is applied, skipped or replaced by a catch-up. The rooms [`websocket`] and
//! [`sse`] are the two transports. `simulation` tests all of it against adverse networks.

pub(super) mod catch_up;
pub(super) mod close;
pub(super) mod flow_control;
pub(super) mod hub;
pub(super) mod messages;
pub(super) mod revision;
#[cfg(test)]
mod simulation;
pub(super) mod sse;
pub(super) mod subscriber;
pub(super) mod websocket;
