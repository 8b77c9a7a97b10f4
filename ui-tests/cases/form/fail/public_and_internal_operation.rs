use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", public, internal)]
struct SecondHalf {
    note: String,
}

fn main() {}
