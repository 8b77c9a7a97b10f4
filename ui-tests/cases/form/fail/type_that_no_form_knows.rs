use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Import {
    #[field(label = "Scores")]
    scores: std::collections::BTreeMap<String, u32>,
}

fn main() {}
