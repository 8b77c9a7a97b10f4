use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

impl Run for Import {
    type Output = u64;

    async fn run(&self, _: Progress<Self>) -> RunResult<String> {
        Ok("1".to_owned())
    }
}

fn main() {}
