//! The choice of the span around `run`.

use std::sync::Arc;

use tracing::Span;

use super::Report;

/// Returns the span for a run: `liveops.log` if a log layer exists, otherwise the current span.
pub(crate) fn log_span(report: &Arc<Report>) -> Span {
    #[cfg(feature = "log-layer")]
    if let Some(span) = super::log_layer::open(report) {
        return span;
    }
    let _ = report;
    Span::current()
}
