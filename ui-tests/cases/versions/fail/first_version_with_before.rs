use liveops::{EarlierInput, LiveOperation};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(version = 1, before = ImportV0)]
struct Import {
    file: String,
}

#[derive(EarlierInput, Deserialize)]
#[liveop(version = 1)]
struct ImportV0 {}

fn main() {}
