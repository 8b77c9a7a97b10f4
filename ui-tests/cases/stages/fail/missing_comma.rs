use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" "Save")]
struct Import {
    file: String,
}

fn main() {}
