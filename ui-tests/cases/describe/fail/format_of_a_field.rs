use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = "Scores of {year:04}")]
struct Import {
    file: String,
    year: u16,
}


fn main() {}
