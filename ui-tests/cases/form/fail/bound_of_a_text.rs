use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Import {
    #[field(max = 10)]
    course: String,
}

fn main() {}
