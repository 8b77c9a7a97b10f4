use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{auth::viewer::Viewer, delivery::hub::Hub};
use crate::{
    metrics::Transport,
    operation::UserId,
    render::Renderer,
    runner::{ClientConnection, Engine, LiveOps},
};

/// How many operations are looked at at once for clients that follow them. When all clients come back
/// at once, more of them would only wait for the database, with far more memory than it takes to wait
/// for their turn.
const CONCURRENT_CATCH_UPS_MAX: usize = 16;

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Web {
    pub(super) liveops: LiveOps,
    pub(super) hub: Arc<Hub>,
    pub(super) catch_up_permits: Arc<Semaphore>,
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
        Self {
            hub: Arc::new(hub),
            catch_up_permits: Arc::new(Semaphore::new(CONCURRENT_CATCH_UPS_MAX)),
            liveops,
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.liveops.engine()
    }

    /// What makes pages for `viewer`, in the language they read.
    pub(super) fn renderer_for(&self, viewer: &Viewer) -> Renderer {
        self.engine().renderer().with_language(viewer.accepted_languages())
    }

    /// Counts a connection of `viewer` until it is dropped; `None` when there are as many as there
    /// may be.
    pub(super) fn try_open(
        &self,
        viewer: &UserId,
        transport: Transport,
    ) -> Option<ClientConnection> {
        let engine = self.engine();
        engine.clients.try_open(viewer, engine.config.connections_per_viewer_max, transport)
    }
}
