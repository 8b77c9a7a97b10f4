#![deny(warnings)]

use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

fn import() -> &'static str {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[stages("Load")]
    struct Import;

    Import::OP_TYPE
}

const EXPORT: &str = {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "demo")]
    struct Export;

    Export::OP_TYPE
};

fn main() {
    assert!(import().ends_with(".import"));
    assert_eq!(EXPORT, "demo.export");
}
