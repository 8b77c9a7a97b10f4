use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Export;

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import;

impl Run for Export {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        load(&p).await
    }
}

async fn load(p: &Progress<Export>) -> RunResult<()> {
    let import: Option<Progress<Import>> = None;
    let ImportStages { load } = import.unwrap().stages();
    p.enter(load, async { Ok(()) }).await
}

fn main() {}
