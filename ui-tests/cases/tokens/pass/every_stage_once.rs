#![deny(warnings)]

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load data", Match, "Super", "Gen", "Save")]
struct Import;

impl Run for Import {
    type Output = u64;

    async fn run(&self, p: Progress<Self>) -> RunResult<u64> {
        let ImportStages { load_data, r#match, super_, r#gen, save } = p.stages();

        let rows = p.enter(load_data, async { Ok(7_u64) }).await?;
        let matched = p.enter(r#match, async { Ok(rows - 1) }).await?;
        p.enter(super_, async { Ok(()) }).await?;
        p.enter(r#gen, async { Ok(()) }).await?;
        p.enter(save, async { Ok(matched) }).await
    }
}

fn main() {}
