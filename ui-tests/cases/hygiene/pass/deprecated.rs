#![deny(warnings)]

use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[deprecated = "use `ScoreImport`"]
pub struct Import;

fn main() {}
