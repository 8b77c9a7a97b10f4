//! Server-sent events: the stream of one operation, and the stream of list changes.

pub(in crate::web) mod event_stream;
pub(in crate::web) mod list_events;
pub(in crate::web) mod operation_events;
