use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::Sink;
use crate::projection::{Changes, Projection};

/// Keeps everything it is shown, for a test to look at.
///
/// Cheap to clone; clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    shown: Arc<Mutex<Vec<(Projection, Changes)>>>,
}

impl Recorder {
    /// A recorder that was shown nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every projection shown so far with the changes it was shown for, oldest first.
    pub fn shown(&self) -> Vec<(Projection, Changes)> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Projection, Changes)>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sink for Recorder {
    async fn show(&mut self, projection: &Projection, changes: Changes) {
        self.lock().push((projection.clone(), changes));
    }
}
