use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages(5, "Save")]
struct Import {
    file: String,
}

fn main() {}
