//! How a layer learns which report belongs to a span.
//!
//! A span carries texts and numbers. So whoever opens it leaves the report where layers, which are told of
//! the span on the same thread, find it.

use std::{
    cell::RefCell,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing::Span;

use crate::{progress::Report, span};

thread_local! {
    static OPENING: RefCell<Option<SpanReport>> = const { RefCell::new(None) };
}

/// How many layers there are: without one there is no span either.
static LAYERS: AtomicUsize = AtomicUsize::new(0);

/// What the layer keeps with a span: where the log is of the run that the span is of.
///
/// Not the report itself: a task that outlives its run may keep the span.
#[derive(Debug, Clone)]
pub(super) struct SpanReport(pub(super) Weak<Report>);

/// Opens the span of a run, where a layer wants to know of it.
pub(in crate::progress) fn open(report: &Arc<Report>) -> Option<Span> {
    if LAYERS.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let before = OPENING.replace(Some(SpanReport(Arc::downgrade(report))));
    let span = span::log();
    OPENING.set(before);
    (!span.is_disabled()).then_some(span)
}

/// The run whose span is being opened on this thread.
pub(super) fn opening() -> Option<SpanReport> {
    OPENING.with_borrow(Clone::clone)
}

/// Something that is counted among the layers.
#[derive(Debug)]
pub(super) struct LayerCount(());

impl LayerCount {
    pub(super) fn register() -> Self {
        LAYERS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for LayerCount {
    fn drop(&mut self) {
        LAYERS.fetch_sub(1, Ordering::Relaxed);
    }
}
