use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = Import::line)]
struct Import {
    file: String,
    year: u16,
}


fn main() {}
