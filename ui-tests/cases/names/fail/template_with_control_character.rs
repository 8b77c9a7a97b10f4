use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(host_template = "import\u{7}.html")]
struct Import {
    file: String,
}

fn main() {}
