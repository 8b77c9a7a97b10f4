use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save", "Load")]
struct Import {
    file: String,
}

fn main() {}
