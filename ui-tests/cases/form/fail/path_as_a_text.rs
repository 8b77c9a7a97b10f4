use std::path::PathBuf;

use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Import {
    #[field(kind = "password")]
    file: Option<PathBuf>,
}

fn main() {}
