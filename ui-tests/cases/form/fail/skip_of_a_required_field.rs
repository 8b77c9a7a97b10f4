use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Import {
    #[field(skip)]
    file: String,
}

fn main() {}
