//! Long-running operations for Rust web applications, watched live.

// The house, ground floor first: a module uses only what stands above it here.
pub mod error;
pub mod event;
pub mod operation;
pub mod projection;
pub mod token;

pub mod render;

pub mod channel;

pub mod progress;

pub use error::{Cancelled, RunError, RunResult};
/// Makes a struct an operation, with an enum of its stages.
///
/// ```
/// use liveops::{LiveOperation, Stage};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[stages("Load" = 1, Process = "Process data" = 8, "Save" = 1)]
/// #[liveop(app = "demo", title = "Scores of a tournament")]
/// pub struct ScoreImport {
///     file: String,
/// }
///
/// assert_eq!(ScoreImport::OP_TYPE, "demo.score_import");
/// assert_eq!(ScoreImport::STAGES, ["Load", "Process data", "Save"]);
///
/// const PROCESS: &str = ScoreImportStage::Process.name();
/// assert_eq!(PROCESS, "Process data");
/// assert_eq!("Process data".parse(), Ok(ScoreImportStage::Process));
/// assert_eq!(serde_json::to_value(ScoreImportStage::Process).unwrap(), "Process data");
/// assert_eq!(ScoreImportStage::WEIGHTS[ScoreImportStage::Process.index()], 8);
/// ```
///
pub use liveops_derive::LiveOperation;
pub use operation::{
    Attempt, ChannelName, FromState, LiveOperation, NoStages, NoState, OperationId, OperationState,
    ParseStageError, Stage, UserId,
};
pub use progress::{Progress, Run, WebProgress};
pub use projection::Projection;
pub use render::Templates;
pub use token::{SigningKeys, SubscriptionToken};

/// What generated code needs beside the public names.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}
