use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "demo")]
struct PBNScoreImport2 {
    file: String,
}

fn main() {
    assert_eq!(PBNScoreImport2::NAME, "pbn_score_import2");
    assert_eq!(PBNScoreImport2::TITLE, "PBN score import2");
    assert_eq!(PBNScoreImport2::NAMES.op_type, "demo.pbn_score_import2");
    assert_eq!(PBNScoreImport2::HOST_TEMPLATE, "demo/pbn_score_import2.html");
}
