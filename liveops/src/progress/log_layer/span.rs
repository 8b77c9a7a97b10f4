//! The link from a span to the report of its run.
//!
//! A span can only carry texts and numbers. So [`open`] leaves the report in a thread-local value while it
//! opens the span; layers are notified of the new span on the same thread and read the report from there.

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

/// The number of layers. Without a layer no span is opened.
static LAYERS: AtomicUsize = AtomicUsize::new(0);

/// The report that the layer stores with a span.
///
/// The reference is weak because a task that outlives its run may keep the span.
#[derive(Debug, Clone)]
pub(super) struct SpanReport(pub(super) Weak<Report>);

/// Opens the span of a run; `None` if no layer wants the span.
pub(in crate::progress) fn open(report: &Arc<Report>) -> Option<Span> {
    if LAYERS.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let before = OPENING.replace(Some(SpanReport(Arc::downgrade(report))));
    let span = span::log();
    OPENING.set(before);
    (!span.is_disabled()).then_some(span)
}

/// Returns the report of the run whose span is being opened on this thread.
pub(super) fn opening() -> Option<SpanReport> {
    OPENING.with_borrow(Clone::clone)
}

/// A registration in the count of layers.
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
