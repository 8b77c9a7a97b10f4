use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages(load)]
struct Import {
    file: String,
}

impl Run for Import {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(ImportStage::load, async { Ok(()) }).await
    }
}

fn main() {}
