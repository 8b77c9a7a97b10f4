use std::sync::Arc;

use crate::{executions::Executions, library::Library, scores::Scores};

/// What operations reach through `p.state()`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Where scores are kept.
    pub scores: Scores,
    /// How often stages were done.
    pub executions: Executions,
    /// The files that may be read.
    pub library: Arc<Library>,
}
