//! The state of the application, which operations reach with `p.state()`.

use std::sync::Arc;

use crate::{executions::Executions, library::Library, scores::Scores};

/// The state that operations reach with `p.state()`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The scores.
    pub scores: Scores,
    /// The counts of executed stages.
    pub executions: Executions,
    /// The files that operations may read.
    pub library: Arc<Library>,
}
