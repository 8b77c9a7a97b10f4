use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = Import::line)]
struct Import {
    file: String,
    year: u16,
}

impl Import {
    fn line(&self) -> u16 {
        self.year
    }
}

fn main() {}
