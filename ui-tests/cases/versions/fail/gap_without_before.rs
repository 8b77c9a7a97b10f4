use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 3, gap)]
struct Import {
    file: String,
}

fn main() {}
