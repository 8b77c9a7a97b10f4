use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(cancel = "abrot")]
struct Import {
    file: String,
}

fn main() {}
