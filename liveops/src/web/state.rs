use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{auth::viewer::Viewer, delivery::hub::Hub};
use crate::{
    metrics::Transport,
    operation::UserId,
    render::Renderer,
    runner::{Client, Engine, LiveOps},
};

/// How many operations are looked at at once for clients that follow them. When all clients come back
/// at once, more of them would only wait for the database, with far more memory than it takes to wait
/// for their turn.
const LOOKS_MAX: usize = 16;

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Web {
    pub(super) liveops: LiveOps,
    pub(super) hub: Arc<Hub>,
    pub(super) looks: Arc<Semaphore>,
}

impl Web {
    pub(super) fn new(liveops: LiveOps) -> Self {
        let engine = liveops.engine();
        let hub = Hub::new(
            engine.publisher.layer.clone(),
            Arc::new(engine.store.clone()),
            engine.renderer().clone(),
            engine.config.keepalive,
        );
        Self { hub: Arc::new(hub), looks: Arc::new(Semaphore::new(LOOKS_MAX)), liveops }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.liveops.engine()
    }

    /// What makes pages for `viewer`, in the language they read.
    pub(super) fn renderer_for(&self, viewer: &Viewer) -> Renderer {
        self.engine().renderer().speaking(viewer.accepted_languages())
    }

    /// Counts a connection of `viewer` until it is dropped; `None` when there are as many as there
    /// may be.
    pub(super) fn enter(&self, viewer: &UserId, transport: Transport) -> Option<Client> {
        let engine = self.engine();
        engine.clients.enter(viewer, engine.config.connections_per_viewer_max, transport)
    }
}
