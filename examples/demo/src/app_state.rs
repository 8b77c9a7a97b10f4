use std::sync::Arc;

use crate::{library::Library, scores::Scores};

/// What operations reach through `p.state()`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Where scores are kept.
    pub scores: Scores,
    /// The files that may be read.
    pub library: Arc<Library>,
}
