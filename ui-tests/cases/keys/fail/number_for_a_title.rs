use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(title = 5)]
struct Import {
    file: String,
}

fn main() {}
