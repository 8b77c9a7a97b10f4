use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages(r#Load, r#Match = "Match")]
#[liveop(r#app = "demo")]
struct r#Type {
    r#type: String,
}

fn main() {
    assert_eq!(r#Type::OP_TYPE, "demo.type");
    assert_eq!(TypeStage::Match.index(), 1);
}
