use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(timeout = "soon")]
struct Import {
    file: String,
}

fn main() {}
