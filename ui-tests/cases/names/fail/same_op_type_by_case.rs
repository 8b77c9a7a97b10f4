use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo")]
struct ABCTest;

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo")]
struct AbcTest;

fn main() {}
