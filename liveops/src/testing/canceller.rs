//! A handle that cancels a test run.

use std::sync::Arc;

use crate::progress::Report;

/// A handle that cancels a test run from another task. [`TestRun::canceller`](super::TestRun::canceller)
/// makes a handle.
///
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct CancelHandle {
    report: Arc<Report>,
}

impl CancelHandle {
    pub(super) fn new(report: Arc<Report>) -> Self {
        Self { report }
    }

    /// Requests the cancellation of the run, as the owner can. A second call does nothing.
    pub fn cancel(&self) {
        self.report.cancel();
    }
}
