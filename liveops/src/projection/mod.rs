//! The current visible state of one run, and what changed in it.
//!
//! A pure fold of events: no I/O, no clock, no HTML of its own making. The browser, the terminal,
//! a test's recorder and the snapshot a late client gets are views of the same value.

mod attempts;
mod changes;
mod region;
mod tail;
mod view;

pub use attempts::Attempts;
pub use changes::{Change, Changes};
pub use region::{ParseRegionError, Region, RegionName};
pub use tail::Tail;
pub(crate) use view::TAIL_LEN_MAX;
pub use view::{CustomRegion, Projection};
