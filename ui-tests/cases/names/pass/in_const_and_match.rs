use liveops::{LiveOperation, OperationId, Stage};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
#[liveop(app = "demo")]
struct ABCImport2;

const OP_TYPE: &str = ABCImport2::OP_TYPE;
const SAVE: &str = ABCImport2::STAGES[ABCImport2Stage::Save.index()];
const BARS: [u8; ABCImport2Stage::COUNT] = [0; ABCImport2Stage::COUNT];
const LAST: ABCImport2Stage = ABCImport2Stage::ALL[BARS.len() - 1];
static TEMPLATES: [&str; 3] =
    [ABCImport2::HOST_TEMPLATE, ABCImport2::RESULT_TEMPLATE, ABCImport2::RESULT_TEXT_TEMPLATE];

fn main() {
    match "demo.abc_import2" {
        ABCImport2::OP_TYPE => {}
        other => panic!("{other}"),
    }
    match ABCImport2Stage::Load {
        LAST => panic!("the first stage is not the last one"),
        ABCImport2Stage::Load | ABCImport2Stage::Save => {}
    }
    assert_eq!(OP_TYPE, "demo.abc_import2");
    assert_eq!(SAVE, "Save");
    assert_eq!(ABCImport2::TITLE, "ABC import2");
    assert_eq!(
        TEMPLATES,
        ["demo/abc_import2.html", "demo/abc_import2_result.html", "demo/abc_import2_result.txt"]
    );
    assert_eq!(ABCImport2::fragment_template("preview"), "demo/abc_import2_preview.html");
    let id = OperationId::new();
    assert_eq!(ABCImport2::channel(id).to_string(), format!("liveop.{id}"));
}
