use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::hub::Hub;
use crate::{
    operation::UserId,
    runner::{Engine, LiveOps},
};

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Web {
    pub(super) liveops: LiveOps,
    pub(super) hub: Arc<Hub>,
    connections: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Web {
    pub(super) fn new(liveops: LiveOps) -> Self {
        let engine = liveops.engine();
        let hub = Hub::new(engine.layer.clone(), engine.renderer.clone());
        Self { hub: Arc::new(hub), connections: Arc::default(), liveops }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.liveops.engine()
    }

    /// Counts a connection of `viewer` until the guard is dropped; `None` when there are as many
    /// as there may be.
    pub(super) fn count_connection(&self, viewer: &UserId) -> Option<ConnectionGuard> {
        let mut connections = self.connections();
        let count = connections.entry(viewer.clone()).or_default();
        if *count >= self.engine().config.connections_per_viewer_max {
            return None;
        }
        *count += 1;
        Some(ConnectionGuard { web: self.clone(), viewer: viewer.clone() })
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of a viewer's open connections.
#[derive(Debug)]
pub(super) struct ConnectionGuard {
    web: Web,
    viewer: UserId,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut connections = self.web.connections();
        if let Some(count) = connections.get_mut(&self.viewer) {
            *count -= 1;
            if *count == 0 {
                connections.remove(&self.viewer);
            }
        }
    }
}
