use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(max_attempts = -3)]
struct Import {
    file: String,
}

fn main() {}
