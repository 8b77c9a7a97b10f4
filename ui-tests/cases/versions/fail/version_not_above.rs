use liveops::{EarlierInput, LiveOperation};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 2, before = ImportV2)]
struct Import {
    file: String,
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 2)]
struct ImportV2 {}

impl From<ImportV2> for Import {
    fn from(ImportV2 {}: ImportV2) -> Self {
        Self { file: String::new() }
    }
}

fn main() {}
