use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct AppState;

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(
    app = "demo",
    name = "scores",
    title = "Wyniki: Żółć",
    host_template = "pages/scores.html",
    result_template = "scores/result.html",
    result_text_template = "scores.txt",
    state = std::sync::Arc<AppState>,
)]
struct ŻółćImport;

fn main() {
    assert_eq!(ŻółćImport::APP, "demo");
    assert_eq!(ŻółćImport::OP_TYPE, "demo.scores");
    assert_eq!(ŻółćImport::TITLE, "Wyniki: Żółć");
    assert_eq!(ŻółćImport::HOST_TEMPLATE, "pages/scores.html");
    assert_eq!(ŻółćImport::RESULT_TEMPLATE, "scores/result.html");
    assert_eq!(ŻółćImport::RESULT_TEXT_TEMPLATE, "scores.txt");
}
