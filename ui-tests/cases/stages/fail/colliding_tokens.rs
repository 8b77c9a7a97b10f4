use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages(AB, Ab)]
struct Import {
    file: String,
}

fn main() {}
