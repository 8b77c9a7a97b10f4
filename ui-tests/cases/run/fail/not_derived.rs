use liveops::{Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Import;

impl Run for Import {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

fn main() {}
