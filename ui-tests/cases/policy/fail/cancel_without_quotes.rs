use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(cancel = abort)]
struct Import {
    file: String,
}

fn main() {}
