use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(name = "imports/scores")]
struct Import {
    file: String,
}

fn main() {}
