//! The `tracing` spans that connect the events of one operation across processes.
//!
//! Every span has the operation's `id` and `op_type`, and the `attempt` once there is one. The span
//! `liveops.log` has no fields.

use tracing::{Span, debug_span, info_span};

use crate::operation::{Attempt, OperationId};

/// The insertion of an operation into the queue.
pub(crate) fn enqueue(op_type: &str, id: OperationId) -> Span {
    info_span!(target: TARGET, "liveops.enqueue", op_type, %id)
}

/// The claim of an attempt by a worker.
pub(crate) fn claim(op_type: &str, id: OperationId, attempt: Attempt) -> Span {
    info_span!(target: TARGET, "liveops.claim", op_type, %id, %attempt)
}

/// The execution of an attempt until its end is committed and published.
pub(crate) fn run(op_type: &str, id: OperationId, attempt: Attempt) -> Span {
    info_span!(target: TARGET, "liveops.run", op_type, %id, %attempt)
}

/// The publication of a frame through the channel layer. The level is `DEBUG` because of the number of these
/// spans.
pub(crate) fn push(op_type: &str, id: OperationId, attempt: Attempt) -> Span {
    debug_span!(target: TARGET, "liveops.push", op_type, %id, %attempt)
}

/// The execution of `run` itself. The level is `ERROR`, so that a filter which drops everything else keeps
/// this span.
#[cfg(feature = "log-layer")]
pub(crate) fn log() -> Span {
    tracing::error_span!(target: TARGET, "liveops.log")
}

/// The target of all spans, independent of the module that opens them.
pub(crate) const TARGET: &str = "liveops";
