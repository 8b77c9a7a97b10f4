use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = "Scores of {fiel}")]
struct Import {
    file: String,
    year: u16,
}


fn main() {}
