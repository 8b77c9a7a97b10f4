use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Import {
    #[field(accept = ".csv")]
    rows: u32,
}

fn main() {}
