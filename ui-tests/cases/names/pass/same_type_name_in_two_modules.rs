use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

mod first {
    use super::*;

    #[derive(LiveOperation, Serialize, Deserialize)]
    #[stages("Load", "Save")]
    pub struct Import;
}

mod second {
    use super::*;

    #[derive(LiveOperation, Serialize, Deserialize)]
    #[stages("Load", "Save")]
    #[liveop(name = "second_import")]
    pub struct Import;
}

fn main() {
    assert_eq!(first::Import::NAME, "import");
    assert_eq!(second::Import::NAME, "second_import");
}
