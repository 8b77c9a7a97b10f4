use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 0)]
struct Import {
    file: String,
}

fn main() {}
