use liveops::{EarlierInput, LiveOperation};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 4, before = ImportV3)]
struct Import {}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 3, before = ImportV2)]
struct ImportV3 {}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 2, before = ImportV3)]
struct ImportV2 {}

impl From<ImportV3> for Import {
    fn from(_: ImportV3) -> Self {
        Self {}
    }
}

impl From<ImportV2> for ImportV3 {
    fn from(_: ImportV2) -> Self {
        Self {}
    }
}

impl From<ImportV3> for ImportV2 {
    fn from(_: ImportV3) -> Self {
        Self {}
    }
}

fn main() {}
