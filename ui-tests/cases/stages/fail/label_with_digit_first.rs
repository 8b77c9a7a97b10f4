use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("2nd pass")]
struct Import {
    file: String,
}

fn main() {}
