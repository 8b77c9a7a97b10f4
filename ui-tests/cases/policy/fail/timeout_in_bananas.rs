use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(timeout = "10 bananas")]
struct Import {
    file: String,
}

fn main() {}
