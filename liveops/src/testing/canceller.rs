use std::sync::Arc;

use crate::progress::Report;

/// Asks the run of a trial to stop, from beside it; from [`Trial::canceller`](super::Trial::canceller).
///
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Canceller {
    report: Arc<Report>,
}

impl Canceller {
    pub(super) fn new(report: Arc<Report>) -> Self {
        Self { report }
    }

    /// Asks the run to stop, as its owner would. A second call does nothing.
    pub fn cancel(&self) {
        self.report.cancel();
    }
}
