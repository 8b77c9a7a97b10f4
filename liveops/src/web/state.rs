//! The state that all handlers share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{
    auth::viewer::Viewer,
    delivery::{hub::Hub, row_states::RowStates},
};
use crate::{
    metrics::Transport,
    operation::UserId,
    render::Renderer,
    runner::{ClientConnection, Engine, LiveOps},
};

/// Maximum number of catch-ups that read whole rows at the same time. When all clients reconnect at once,
/// additional catch-ups would only wait for the database, and use far more memory than clients that wait for
/// a permit.
const CONCURRENT_CATCH_UPS_MAX: usize = 16;

/// The shared state of the handlers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Web {
    pub(super) liveops: LiveOps,
    pub(super) hub: Arc<Hub>,
    pub(super) row_states: RowStates,
    pub(super) catch_up_permits: Arc<Semaphore>,
}

impl Web {
    pub(super) fn new(liveops: LiveOps) -> Self {
        let engine = liveops.engine();
        let row_states = RowStates::new(engine.store.clone());
        let hub = Hub::new(
            engine.publisher.layer.clone(),
            Arc::new(row_states.clone()),
            engine.renderer().clone(),
            engine.config.keepalive,
        );
        Self {
            hub: Arc::new(hub),
            row_states,
            catch_up_permits: Arc::new(Semaphore::new(CONCURRENT_CATCH_UPS_MAX)),
            liveops,
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.liveops.engine()
    }

    /// Returns a renderer in the language of `viewer`.
    pub(super) fn renderer_for(&self, viewer: &Viewer) -> Renderer {
        self.engine().renderer().with_language(viewer.accepted_languages())
    }

    /// Counts a connection of `viewer` until the returned value is dropped. Returns `None` if the viewer has
    /// the maximum number of connections.
    pub(super) fn try_open(
        &self,
        viewer: &UserId,
        transport: Transport,
    ) -> Option<ClientConnection> {
        // A process without a worker also needs the notifications about disconnected viewers.
        self.liveops.ensure_notifications();
        let engine = self.engine();
        engine.clients.try_open(viewer, engine.config.connections_per_viewer_max, transport)
    }
}
