use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

mod scores {
    use super::*;

    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "demo")]
    pub struct Import;
}

mod results {
    use super::*;

    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "demo")]
    pub struct Import;
}

fn main() {}
