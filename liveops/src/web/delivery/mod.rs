//! Open connections: the delivery of frames to the clients that follow a channel.
//!
//! The hub holds one upstream subscription per channel and encodes each frame once. A subscriber decides, for
//! one client, whether a frame is applied, skipped or replaced by a catch-up. The modules [`websocket`] and
//! [`sse`] are the two transports. `simulation` tests all of them against faulty networks.

pub(super) mod catch_up;
pub(super) mod close;
pub(super) mod flow_control;
pub(super) mod hub;
pub(super) mod messages;
pub(super) mod revision;
pub(super) mod row_states;
#[cfg(test)]
mod simulation;
pub(super) mod sse;
pub(super) mod subscriber;
pub(super) mod websocket;
