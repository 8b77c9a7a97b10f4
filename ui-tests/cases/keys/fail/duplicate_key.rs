use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "one", app = "two")]
struct Import {
    file: String,
}

fn main() {}
