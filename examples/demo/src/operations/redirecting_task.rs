use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

use crate::site::THANKS_PATH;

/// Sends the browser to another page of the application when it is done.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Redirecting task")]
pub struct RedirectingTask {}

impl Run for RedirectingTask {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("Almost there");
        if let Some(web) = p.web() {
            web.redirect(THANKS_PATH);
        }
        Ok(())
    }
}
