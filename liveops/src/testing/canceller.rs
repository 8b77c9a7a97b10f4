use std::sync::Arc;

use crate::progress::Report;

/// Asks the run of a trial to stop, from beside it; from [`TestRun::canceller`](super::TestRun::canceller).
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

    /// Asks the run to stop, as its owner would. A second call does nothing.
    pub fn cancel(&self) {
        self.report.cancel();
    }
}
