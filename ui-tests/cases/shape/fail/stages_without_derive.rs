use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[stages("Load", "Save")]
struct Import;

fn main() {}
