use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages(Self, Load)]
struct Import {
    file: String,
}

fn main() {}
