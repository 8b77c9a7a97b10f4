use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(unique = Import::rows)]
struct Import {
    rows: u32,
}

impl Import {
    fn rows(&self) -> u32 {
        self.rows
    }
}

fn main() {}
