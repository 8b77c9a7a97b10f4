//! A sink that records everything, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::Sink;
use crate::projection::{Changes, Projection};

/// A sink that keeps every projection it receives, for tests.
///
/// Cheap to clone; clones share the recording.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder {
    shown: Arc<Mutex<Vec<(Projection, Changes)>>>,
}

impl Recorder {
    /// Creates an empty recorder.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Returns every projection shown so far with its changes, oldest first.
    pub(crate) fn shown(&self) -> Vec<(Projection, Changes)> {
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
