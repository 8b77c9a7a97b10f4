use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[liveop(app = "demo")]
struct Import;

fn main() {}
