use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(timeout = "0 s")]
struct Import {
    file: String,
}

fn main() {}
