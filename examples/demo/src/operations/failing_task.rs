//! An operation that fails with a message for its owner.

use liveops::{LiveOperation, Progress, Run, RunError, RunResult};
use serde::{Deserialize, Serialize};

use super::ShortText;

/// Fails in its second stage, with a message that its owner reads.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Prepare", "Send")]
#[liveop(app = "demo", title = "Failing task", form)]
pub struct FailingTask {
    /// Message. What the owner reads.
    #[serde(default)]
    #[field(placeholder = "a message of your own")]
    pub message: ShortText,
}

/// Default message for the owner.
pub const MESSAGE: &str = "The mail server refused the list: address 17 has no @.";

impl Run for FailingTask {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(FailingTaskStage::Prepare, async {
            p.log("20 addresses prepared");
            Ok(())
        })
        .await?;
        p.stage(FailingTaskStage::Send, async {
            p.set(16, 20);
            Err(RunError::user(self.message.or(MESSAGE)))
        })
        .await
    }
}
