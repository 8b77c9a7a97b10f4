use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(titel = "Import", app = "My App", cancel = "abrot", max_attempts = 0, timeout = 30)]
struct Import;

fn main() {}
