//! Whole-system tests of liveops: one binary, a module a behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod channel_layer;
mod http;
mod projection;
mod runner;
mod store;
mod support;
mod websocket;
