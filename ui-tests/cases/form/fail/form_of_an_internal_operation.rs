use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo", form, internal)]
struct SecondHalf {
    note: String,
}

fn main() {}
