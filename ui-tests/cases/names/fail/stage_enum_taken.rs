use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

/// What the derive calls the enum of the stages.
enum ImportStage {}

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import;

fn main() {}
