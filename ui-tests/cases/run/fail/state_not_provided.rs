use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult};
use serde::{Deserialize, Serialize};

struct Mailer;

#[derive(Clone)]
struct AppState;

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(state = Mailer)]
struct Newsletter;

impl Run for Newsletter {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

async fn start() {
    let db = liveops::store::connect("sqlite::memory:").await.unwrap();
    LiveOps::builder(db).state(AppState).register::<Newsletter>();
}

fn main() {}
