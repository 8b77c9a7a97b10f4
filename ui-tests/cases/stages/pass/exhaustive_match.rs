use liveops::LiveOperation;
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Process data", "Save")]
struct Import;

const fn initial(stage: ImportStage) -> char {
    match stage {
        ImportStage::Load => 'l',
        ImportStage::ProcessData => 'p',
        ImportStage::Save => 's',
    }
}

fn main() {
    const SECOND: usize = ImportStage::ProcessData.index();
    const LABEL: &str = Import::STAGES[SECOND];
    assert_eq!((SECOND, LABEL), (1, "Process data"));
    assert_eq!(initial(ImportStage::Save), 's');
    assert_ne!(ImportStage::Load, ImportStage::Save);
}
