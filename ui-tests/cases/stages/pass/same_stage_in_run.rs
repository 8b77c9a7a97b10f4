use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
struct Import;

impl Run for Import {
    type Output = u8;

    async fn run(&self, p: Progress<Self>) -> RunResult<u8> {
        p.stage(ImportStage::Load, async { Ok(()) }).await?;
        p.stage(<Self as LiveOperation>::Stage::Save, async { Ok(1) }).await
    }
}

fn main() {}
