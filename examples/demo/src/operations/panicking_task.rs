//! An operation that panics.

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

/// Panics. Its owner reads a neutral sentence; staff read the panic message.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Prepare", "Panic")]
#[liveop(app = "demo", title = "Panicking task", form)]
pub struct PanickingTask {}

impl Run for PanickingTask {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(PanickingTaskStage::Prepare, async { Ok(()) }).await?;
        p.stage(PanickingTaskStage::Panic, async { panic!("a panic on purpose") }).await
    }
}
