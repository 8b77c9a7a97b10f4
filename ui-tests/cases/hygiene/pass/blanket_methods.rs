use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

trait Everything {
    fn name(&self) -> u8 {
        1
    }

    fn index(&self) -> u8 {
        1
    }

    fn serialize_str(&self) -> u8 {
        1
    }

    fn pad(&self) -> u8 {
        1
    }
}

impl<T: ?Sized> Everything for T {}

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
struct Import;

fn main() {
    assert_eq!(ImportStage::Save.index(), 1_usize);
    assert_eq!(ImportStage::Save.to_string(), "Save");
}
