use liveops::{LiveOperation, LiveOps};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import;

async fn enqueue(liveops: LiveOps) {
    liveops.enqueue(Import, "ann").await.unwrap();
}

fn main() {}
