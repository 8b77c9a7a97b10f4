use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(timeout = "10 minuts")]
struct Import {
    file: String,
}

fn main() {}
