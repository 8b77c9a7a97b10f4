use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(priority = 3000000000)]
struct Import {
    file: String,
}

fn main() {}
