//! The WebSocket: the upgrade request, the connection and the consumer that serves it.

pub(in crate::web) mod connection;
pub(in crate::web) mod consumer;
pub(in crate::web) mod upgrade;
