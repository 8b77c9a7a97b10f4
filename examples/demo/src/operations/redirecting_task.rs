//! An operation that redirects the browser at its end.

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

use super::{Bounded, pause};
use crate::site::THANKS_PATH;

/// Redirects the browser to another page of the application at its end.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Redirecting task", form)]
pub struct RedirectingTask {
    /// Milliseconds it takes. Long enough to see its page.
    #[serde(default)]
    pub pace_ms: Bounded<0, 60_000, 1_500>,
}

impl Run for RedirectingTask {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("Almost there");
        if let Some(web) = p.web() {
            web.redirect(THANKS_PATH);
        }
        pause(&p, self.pace_ms.value()).await
    }
}
