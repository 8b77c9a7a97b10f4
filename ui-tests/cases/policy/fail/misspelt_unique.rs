use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(unique = "inputs")]
struct Import {
    file: String,
}

fn main() {}
