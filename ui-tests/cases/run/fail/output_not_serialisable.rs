use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

struct Summary {
    rows: u64,
}

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

impl Run for Import {
    type Output = Summary;

    async fn run(&self, _: Progress<Self>) -> RunResult<Summary> {
        Ok(Summary { rows: 1 })
    }
}

fn main() {}
