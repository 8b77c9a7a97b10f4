//! The `tracing` layer for live logs: filter, formatting, and the link from spans to reports.

mod filter;
mod layer;
mod line;
mod span;

use filter::LogFilter;
pub use layer::LogLayer;
use line::line;
pub(super) use span::open;
use span::{LayerCount, SpanReport, opening};
