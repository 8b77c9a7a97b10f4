use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" = 1, "Save" = 5000000000)]
struct Import {
    file: String,
}

fn main() {}
