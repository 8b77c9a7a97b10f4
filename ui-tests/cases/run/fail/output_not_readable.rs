use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

impl Run for Import {
    type Output = &'static str;

    async fn run(&self, _: Progress<Self>) -> RunResult<&'static str> {
        Ok("done")
    }
}

fn main() {}
