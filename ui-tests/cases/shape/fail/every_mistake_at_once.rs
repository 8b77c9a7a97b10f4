use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Load", 5, "")]
#[liveop(titel = "Import", app = "Demo", state = "AppState")]
struct Import {
    file: String,
}

fn main() {}
