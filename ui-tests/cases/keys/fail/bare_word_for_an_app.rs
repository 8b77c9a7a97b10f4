use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = demo)]
struct Import {
    file: String,
}

fn main() {}
