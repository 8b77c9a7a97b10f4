use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(unique = input)]
struct Import {
    file: String,
}

fn main() {}
