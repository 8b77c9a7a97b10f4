use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(form, describe = "Scores of {user}, {pin}")]
struct Import {
    user: String,
    #[field(kind = "password")]
    pin: String,
}


fn main() {}
