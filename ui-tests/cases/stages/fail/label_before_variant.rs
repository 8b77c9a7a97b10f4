use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load data" = Load)]
struct Import {
    file: String,
}

fn main() {}
