//! The current visible state of one run, and the set of regions that changed in it.
//!
//! A projection is a pure fold of events: no I/O, no clock, and no HTML other than the HTML in events. The
//! browser, the terminal, the test recorder and the snapshot for a late client are views of the same value.

mod attempts;
mod bounds;
mod changes;
mod log_queue;
mod past_attempt;
mod region;
mod stage_timing;
mod tail;
mod view;

pub(crate) use attempts::Attempts;
pub(crate) use bounds::{
    BAR_TEXT_BYTES_MAX, ERROR_BYTES_MAX, LOG_LINE_BYTES_MAX, REGION_BYTES_MAX, REGIONS_LEN_MAX,
    STATUS_BYTES_MAX, TAIL_BYTES_MAX, TAIL_LEN_MAX, TRACEBACK_BYTES_MAX, kept,
};
pub(crate) use changes::{Change, Changes};
pub(crate) use log_queue::{LogChunk, LogQueue, LogSize, LoggedProjection};
pub(crate) use past_attempt::{PastAttempt, PastAttemptDetails, StageRecord};
pub use region::Region;
pub(crate) use stage_timing::StageTiming;
pub(crate) use tail::{Tail, TextBytes};
pub(crate) use view::Projection;
