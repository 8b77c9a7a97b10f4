use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("type", "match", "super", "crate", "async fn")]
struct Import;

fn main() {
    assert_eq!(ImportStage::Type.to_string(), "type");
    assert_eq!(ImportStage::Crate.index(), 3);
    assert_eq!(ImportStage::AsyncFn.to_string(), "async fn");
}
