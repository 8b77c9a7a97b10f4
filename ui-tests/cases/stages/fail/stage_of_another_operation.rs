use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import;

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Export;

impl Run for Import {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(ExportStage::Load, async { Ok(()) }).await
    }
}

fn main() {}
