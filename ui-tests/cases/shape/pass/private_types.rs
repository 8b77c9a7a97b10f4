mod private {
    use liveops::{LiveOperation, Progress, Run, RunResult};
    use serde::{Deserialize, Serialize};

    struct Counter(u8);

    #[derive(Serialize, Deserialize)]
    struct Summary {
        rows: u8,
    }

    #[derive(LiveOperation, Serialize, Deserialize)]
    #[stages("Load")]
    #[liveop(state = Counter)]
    struct Import;

    impl Run for Import {
        type Output = Summary;

        async fn run(&self, p: Progress<Self>) -> RunResult<Summary> {
            p.stage(ImportStage::Load, async { Ok(Summary { rows: p.state().0 }) }).await
        }
    }

    pub fn check() {
        assert_eq!(Import::STAGES, ["Load"]);
    }
}

fn main() {
    private::check();
}
