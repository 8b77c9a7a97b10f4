use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(colour = "red")]
struct Import {
    file: String,
}

fn main() {}
