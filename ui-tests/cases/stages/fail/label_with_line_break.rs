use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load\ndata")]
struct Import {
    file: String,
}

fn main() {}
