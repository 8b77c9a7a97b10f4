use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" = Process)]
struct Import {
    file: String,
}

fn main() {}
