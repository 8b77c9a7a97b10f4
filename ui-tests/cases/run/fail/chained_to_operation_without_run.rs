use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Report;

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

impl Run for Import {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.chain_to(Report);
        Ok(())
    }
}

fn main() {}
