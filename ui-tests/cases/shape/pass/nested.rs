mod outer {
    pub struct AppState;

    pub(crate) mod inner {
        use liveops::LiveOperation;
        use serde::{Deserialize, Serialize};

        #[derive(LiveOperation, Serialize, Deserialize)]
        #[stages("Load")]
        #[liveop(state = super::AppState)]
        pub(in crate::outer) struct Import;

        #[derive(LiveOperation, Serialize, Deserialize)]
        #[stages("Load")]
        pub(super) struct Export;
    }

    pub(crate) fn check() {
        assert_eq!(inner::ImportStage::Load.index(), 0);
        assert_eq!(<inner::ExportStage as liveops::Stage>::COUNT, 1);
    }
}

fn main() {
    use liveops::LiveOperation;
    use serde::{Deserialize, Serialize};

    #[derive(LiveOperation, Serialize, Deserialize)]
    #[stages("Load")]
    struct Local;

    outer::check();
    assert_eq!(Local::STAGES, [LocalStage::Load.to_string()]);
}
