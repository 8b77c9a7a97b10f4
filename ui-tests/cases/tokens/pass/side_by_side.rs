use liveops::{LiveOperation, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
struct Import;

impl Run for Import {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let ImportStages { load, save } = p.stages();

        let (loaded, saved) =
            both(p.enter(load, async { Ok(1) }), p.enter(save, async { Ok(2) })).await;
        loaded?;
        saved?;
        Ok(())
    }
}

async fn both<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    (first.await, second.await)
}

fn main() {}
