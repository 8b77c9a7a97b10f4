use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(name = "")]
struct Import {
    file: String,
}

fn main() {}
