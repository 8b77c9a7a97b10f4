use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(max_attempts = 0)]
struct Import {
    file: String,
}

fn main() {}
