use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(queue = "slow imports")]
struct Import {
    file: String,
}

fn main() {}
