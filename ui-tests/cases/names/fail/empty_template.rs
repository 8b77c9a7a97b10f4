use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(result_text_template = "")]
struct Import {
    file: String,
}

fn main() {}
