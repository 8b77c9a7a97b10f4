use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" = -1, "Save" = 2)]
struct Import {
    file: String,
}

fn main() {}
