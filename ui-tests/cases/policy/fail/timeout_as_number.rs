use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(timeout = 30)]
struct Import {
    file: String,
}

fn main() {}
