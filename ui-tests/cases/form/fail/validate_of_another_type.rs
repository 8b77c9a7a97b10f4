use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form)]
struct Import {
    #[field(validate = str::is_empty)]
    file: String,
}

fn main() {}
