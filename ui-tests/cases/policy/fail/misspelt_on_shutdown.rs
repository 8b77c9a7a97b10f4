use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(on_shutdown = "requeu")]
struct Import {
    file: String,
}

fn main() {}
