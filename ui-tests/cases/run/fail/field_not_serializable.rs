use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

struct Rows;

#[derive(LiveOperation, Serialize, Deserialize)]
struct Import {
    rows: Rows,
}

fn main() {}
