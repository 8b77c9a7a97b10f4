use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(title = "Score\nimport")]
struct Import {
    file: String,
}

fn main() {}
