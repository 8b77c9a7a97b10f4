use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(title = "")]
struct Import {
    file: String,
}

fn main() {}
