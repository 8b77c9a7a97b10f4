use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(describe = "Scores as {format}")]
struct Import {
    format: Format,
}

#[derive(Serialize, Deserialize)]
enum Format {
    Csv,
}

fn main() {}
