use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(cancel = "kill")]
struct Import {
    file: String,
}

fn main() {}
