//! The current visible state of one run, and what changed in it.
//!
//! A pure fold of events: no I/O, no clock, no HTML of its own making. The browser, the terminal,
//! a test's recorder and the snapshot a late client gets are views of the same value.

mod attempts;
mod bounds;
mod changes;
mod region;
mod stage_timing;
mod tail;
mod view;

pub use attempts::Attempts;
pub(crate) use bounds::{
    ERROR_BYTES_MAX, LOG_LINE_BYTES_MAX, STATUS_BYTES_MAX, TAIL_BYTES_MAX, TAIL_LEN_MAX,
    TRACEBACK_BYTES_MAX, kept,
};
pub use changes::{Change, Changes};
pub use region::Region;
pub use stage_timing::StageTiming;
pub use tail::{Tail, TextBytes};
pub use view::{CustomRegion, Projection};
