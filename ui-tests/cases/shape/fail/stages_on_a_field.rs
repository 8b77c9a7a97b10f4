use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import {
    #[stages("Load")]
    file: String,
}

fn main() {}
