use std::sync::Arc;

use tracing::Span;

use super::Report;

/// The span that a run is executed in: one of its own where what is logged in it becomes part of its
/// log, and otherwise the one there is.
pub(crate) fn log_span(report: &Arc<Report>) -> Span {
    #[cfg(feature = "log-layer")]
    if let Some(span) = super::log_layer::open(report) {
        return span;
    }
    let _ = report;
    Span::current()
}
