use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" = 0, "Save" = 1)]
struct Import {
    file: String,
}

fn main() {}
