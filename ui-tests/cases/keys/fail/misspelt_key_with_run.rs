use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[liveop(titel = "Import")]
struct Import {
    file: String,
}

impl Run for Import {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(ImportStage::Load, async { Ok(()) }).await
    }
}

fn main() {}
