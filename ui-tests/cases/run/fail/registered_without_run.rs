use liveops::{LiveOperation, LiveOps};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

async fn start() {
    let db = liveops::store::connect("sqlite::memory:").await.unwrap();
    LiveOps::builder(db).register::<Import>();
}

fn main() {}
