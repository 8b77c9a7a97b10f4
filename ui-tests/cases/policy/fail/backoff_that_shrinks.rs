use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(max_attempts = 3, backoff = "1 h..10 s")]
struct Import {
    file: String,
}

fn main() {}
