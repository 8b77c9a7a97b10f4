use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(state = "AppState")]
struct Import {
    file: String,
}

fn main() {}
