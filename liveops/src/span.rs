//! The spans in which what happens to one operation is found together, in whichever processes.
//!
//! Each has the operation's `id` and `op_type`, and the `attempt` once there is one.

use tracing::{Span, debug_span, info_span};

use crate::operation::{Attempt, OperationId};

/// An operation is put into the queue.
pub(crate) fn enqueue(op_type: &str, id: OperationId) -> Span {
    info_span!(target: TARGET, "liveops.enqueue", op_type, %id)
}

/// A worker takes an attempt on.
pub(crate) fn claim(op_type: &str, id: OperationId, attempt: Attempt) -> Span {
    info_span!(target: TARGET, "liveops.claim", op_type, %id, %attempt)
}

/// The attempt is made, until its end is committed and shown.
pub(crate) fn run(op_type: &str, id: OperationId, attempt: Attempt) -> Span {
    info_span!(target: TARGET, "liveops.run", op_type, %id, %attempt)
}

/// A frame is given to the channel layer. There are many of these, so they are only for those who look
/// for something.
pub(crate) fn push(op_type: &str, id: OperationId, attempt: Attempt) -> Span {
    debug_span!(target: TARGET, "liveops.push", op_type, %id, %attempt)
}

/// `run` itself is executed. Of the highest level, as a filter that leaves out everything else shall
/// leave this in.
#[cfg(feature = "log-layer")]
pub(crate) fn log() -> Span {
    tracing::error_span!(target: TARGET, "liveops.log")
}

/// One for all of them, wherever they stand in the sources.
pub(crate) const TARGET: &str = "liveops";
