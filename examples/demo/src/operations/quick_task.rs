//! An operation that finishes at once.

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

/// Does nothing and finishes at once: shows the cost of enqueueing.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", title = "Quick task", form)]
pub struct QuickTask {}

impl Run for QuickTask {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        p.status("Done");
        Ok("Done in no time.".to_owned())
    }
}
