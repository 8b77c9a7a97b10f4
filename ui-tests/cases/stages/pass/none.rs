use liveops::{LiveOperation, NoStages, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Reindex;

impl Run for Reindex {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("reindexing");
        Ok(())
    }
}

fn has_no_stages<T: LiveOperation<Stage = NoStages>>() {}

fn main() {
    has_no_stages::<Reindex>();
    assert!(Reindex::STAGES.is_empty());
}
