use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 2, before = ImportV1)]
struct Import {
    file: String,
}

#[derive(Deserialize)]
struct ImportV1 {}

impl From<ImportV1> for Import {
    fn from(ImportV1 {}: ImportV1) -> Self {
        Self { file: String::new() }
    }
}

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 2, before = ExportV1)]
struct Export {}

#[derive(LiveOperation, Serialize, Deserialize)]
struct ExportV1 {}

impl From<ExportV1> for Export {
    fn from(ExportV1 {}: ExportV1) -> Self {
        Self {}
    }
}

fn main() {}
