use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Letter {
    #[field(kind = "email")]
    to: Vec<String>,
}

fn main() {}
