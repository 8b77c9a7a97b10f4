use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(titel = "Import")]
struct Import {
    file: String,
}

fn main() {}
