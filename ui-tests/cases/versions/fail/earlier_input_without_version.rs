use liveops::{EarlierInput, LiveOperation};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 2, before = ImportV1)]
struct Import {}

#[derive(EarlierInput, Deserialize)]
struct ImportV1 {}

impl From<ImportV1> for Import {
    fn from(ImportV1 {}: ImportV1) -> Self {
        Self {}
    }
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 1, title = "Import")]
struct ExportV1 {}

fn main() {}
