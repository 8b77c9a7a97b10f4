use std::sync::Arc;

use maud::Markup;

use super::Report;
use crate::{event::Event, projection::RegionName};

/// What a run can do on a page and not in a terminal; from
/// [`Progress::web`](crate::Progress::web).
#[derive(Debug, Clone)]
pub struct WebProgress {
    report: Arc<Report>,
}

impl WebProgress {
    pub(super) fn new(report: Arc<Report>) -> Self {
        Self { report }
    }

    /// Puts `html` into the custom region `region`, in the place of what was there.
    ///
    /// A name that is not a [`RegionName`] is reported to the application's log and otherwise
    /// ignored: reporting never fails.
    pub fn swap(&self, region: &str, html: Markup) {
        self.with_region(region, |region| Event::Swap { region, html: html.0.into() });
    }

    /// Adds `html` at the end of the custom region `region`, which keeps the newest 1,000
    /// additions. Names are treated as in [`swap`](Self::swap).
    pub fn append(&self, region: &str, html: Markup) {
        self.with_region(region, |region| Event::Append { region, html: html.0.into() });
    }

    /// Sends the browser to `url` when the operation has finished. The last call counts.
    pub fn redirect(&self, url: impl Into<Arc<str>>) {
        self.report.event(Event::Redirect(url.into()));
    }

    fn with_region(&self, name: &str, event: impl FnOnce(RegionName) -> Event) {
        match name.parse() {
            Ok(region) => self.report.event(event(region)),
            Err(error) => tracing::error!(%error, "ignored a change of a custom region"),
        }
    }
}
