use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(unique = by_fiel)]
struct Import {
    file: String,
}

fn main() {}
