//! Server-sent events: the stream of one operation, and the stream of list changes.
//!
//! Pages use event streams only if WebSockets are blocked. liveops.js changes to them after two WebSockets in
//! a row without any message, if the server answered a request before the second one: a restarting server
//! answers neither, and a proxy that blocks WebSockets answers the request.

pub(in crate::web) mod event_stream;
pub(in crate::web) mod list_events;
pub(in crate::web) mod operation_events;
