use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
struct Import;

#[derive(Serialize)]
struct Report {
    stage: ImportStage,
}

fn serializes<T: Serialize>(_: &T) {}

fn main() {
    serializes(&Report { stage: ImportStage::Save });
}
