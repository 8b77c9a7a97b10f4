use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(name = "score-import")]
struct Import {
    file: String,
}

fn main() {}
