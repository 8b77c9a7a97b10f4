use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import<'a> {
    file: &'a str,
}

impl Run for Import<'_> {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(ImportStage::Load, async { Ok(()) }).await
    }
}

fn main() {}
