use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo")]
struct Import {
    #[field(label = "File")]
    file: String,
}

fn main() {}
