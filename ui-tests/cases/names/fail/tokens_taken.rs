use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

/// What the derive calls the struct of the tokens.
struct ImportStages;

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
struct Import;

fn main() {}
