use std::sync::Arc;

use super::hub::Hub;
use crate::{
    operation::UserId,
    runner::{Client, Engine, LiveOps},
};

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Web {
    pub(super) liveops: LiveOps,
    pub(super) hub: Arc<Hub>,
}

impl Web {
    pub(super) fn new(liveops: LiveOps) -> Self {
        let engine = liveops.engine();
        let hub = Hub::new(engine.layer.clone(), engine.renderer.clone(), engine.config.keepalive);
        Self { hub: Arc::new(hub), liveops }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.liveops.engine()
    }

    /// Counts a connection of `viewer` until it is dropped; `None` when there are as many as there
    /// may be.
    pub(super) fn enter(&self, viewer: &UserId) -> Option<Client> {
        let engine = self.engine();
        engine.clients.enter(viewer, engine.config.connections_per_viewer_max)
    }
}
