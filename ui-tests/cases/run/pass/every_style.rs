use liveops::{LiveOperation, LiveOps, Progress, Run, RunError, RunResult, store};
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct AppState {
    limit: u64,
}

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
#[liveop(state = AppState)]
struct Import {
    rows: Vec<u64>,
}

#[derive(LiveOperation, Serialize, Deserialize)]
struct Report(u64);

impl Run for Import {
    type Output = u64;

    async fn run(&self, p: Progress<Self>) -> RunResult<u64> {
        use ImportStage::*;

        let mut sum = 0;
        p.stage(Load, async {
            for row in p.track(&self.rows) {
                sum += row?;
            }
            Ok(())
        })
        .await?;
        if sum > p.state().limit {
            return Err(RunError::user("too much"));
        }
        p.stage(Save, async { Ok(p.chain_to(Report(sum))) }).await?;
        Ok(sum)
    }
}

impl Run for Report {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.log(self.0.to_string());
        Ok(())
    }
}

async fn start() -> Result<LiveOps, Box<dyn std::error::Error>> {
    let db = store::connect("sqlite::memory:").await?;
    let builder = LiveOps::builder(db).state(AppState { limit: 3 });
    Ok(builder.register::<Import>().register::<Report>().build()?)
}

fn main() {
    drop(start());
}
