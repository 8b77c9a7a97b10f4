use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = "Scores of {files}")]
struct Import {
    files: Option<Vec<String>>,
}


fn main() {}
