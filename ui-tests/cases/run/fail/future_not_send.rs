use std::rc::Rc;

use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import;

impl Run for Import {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let rows = Rc::new(1);
        p.stage(ImportStage::Load, async { Ok(()) }).await?;
        drop(rows);
        Ok(())
    }
}

fn main() {}
