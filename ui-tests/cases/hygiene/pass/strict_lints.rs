//! A crate with strict lints.
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    single_use_lifetimes,
    non_local_definitions,
    clippy::all,
    clippy::pedantic
)]

/// An operation that is seen from outside.
pub mod shown {
    use liveops::LiveOperation;
    use serde::{Deserialize, Serialize};

    /// Imports scores.
    #[derive(Debug, LiveOperation, Serialize, Deserialize)]
    #[stages("Load data", "Save data")]
    #[liveop(app = "scores")]
    pub struct ScoreImport {
        /// The file.
        pub file: String,
    }
}

mod hidden {
    use liveops::{LiveOperation, Progress, Run, RunResult};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, LiveOperation, Serialize, Deserialize)]
    #[stages("Load", "Save")]
    pub(crate) struct ScoreExport(pub(crate) String);

    impl Run for ScoreExport {
        type Output = String;

        async fn run(&self, p: Progress<Self>) -> RunResult<String> {
            p.stage(ScoreExportStage::Load, async { Ok(self.0.clone()) }).await
        }
    }

    #[derive(Debug, LiveOperation, Serialize, Deserialize)]
    #[stages(Load = "…" = 1, Save = 2)]
    struct Unused;

    const _: Option<Unused> = None;
}

fn main() {
    drop(hidden::ScoreExport(String::new()));
    drop(shown::ScoreImport { file: String::new() });
}
