use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(priority = "high")]
struct Import {
    file: String,
}

fn main() {}
