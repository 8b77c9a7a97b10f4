use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(state = AppSate)]
struct Import;

struct AppState;

fn main() {}
