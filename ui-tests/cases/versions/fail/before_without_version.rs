use liveops::{EarlierInput, LiveOperation};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(before = ImportV1)]
struct Import {
    file: String,
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 1)]
struct ImportV1 {}

impl From<ImportV1> for Import {
    fn from(ImportV1 {}: ImportV1) -> Self {
        Self { file: String::new() }
    }
}

fn main() {}
