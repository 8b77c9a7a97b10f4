use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo" title = "Import")]
struct Import {
    file: String,
}

fn main() {}
