//! The client connections of this process: the limit per viewer, and the gradual close at shutdown.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use super::random_share;
use crate::{
    metrics::{ConnectionGauge, Transport},
    operation::UserId,
};

/// Average interval between two closed clients. 1,000 clients reconnect over 10 seconds instead of all
/// at once.
const CLOSE_SPACING: Duration = Duration::from_millis(10);

/// Time that the clients have to disconnect after the last one was due to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The open client connections of this process.
#[derive(Debug, Default)]
pub(crate) struct ClientConnections {
    by_viewer: Mutex<HashMap<UserId, ViewerConnections>>,
    open: TaskTracker,
    dismissal: CancellationToken,
    /// Start and length of the closing period. Set before `dismissal` is cancelled.
    close_schedule: OnceLock<(Instant, Duration)>,
}

/// The open connections of one viewer.
#[derive(Debug, Default)]
struct ViewerConnections {
    count: usize,
    /// Cancelled when the application disconnects the viewer.
    disconnection: CancellationToken,
}

/// The reason that this process ends a client connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dismissal {
    /// The process shuts down.
    Restart,
    /// The application disconnected the viewer.
    Disconnected,
}

/// One open client connection. Dropping it lowers the viewer's connection count.
#[derive(Debug)]
pub(crate) struct ClientConnection {
    clients: Arc<ClientConnections>,
    viewer: UserId,
    disconnection: CancellationToken,
    /// Position of this client in the closing period, from 0 to 1.
    turn: f64,
    connection: ConnectionGauge,
    _open: TaskTrackerToken,
}

impl ClientConnections {
    /// Counts a new connection of `viewer`. Returns `None` if `viewer` already has `per_viewer_max`
    /// connections.
    pub(crate) fn try_open(
        self: &Arc<Self>,
        viewer: &UserId,
        per_viewer_max: usize,
        transport: Transport,
    ) -> Option<ClientConnection> {
        let mut by_viewer = self.by_viewer();
        let count = by_viewer.get(viewer).map_or(0, |open| open.count);
        if count >= per_viewer_max {
            return None;
        }
        let open = by_viewer.entry(viewer.clone()).or_default();
        open.count += 1;
        Some(ClientConnection {
            clients: self.clone(),
            viewer: viewer.clone(),
            disconnection: open.disconnection.clone(),
            turn: random_share(),
            connection: ConnectionGauge::open(transport),
            _open: self.open.token(),
        })
    }

    /// Ends the connections that `viewer` has now. Later connections are not affected.
    pub(crate) fn disconnect(&self, viewer: &UserId) {
        if let Some(open) = self.by_viewer().get_mut(viewer) {
            mem::take(&mut open.disconnection).cancel();
        }
    }

    /// Closes the client connections one after another over at most `grace`. Waits for the clients to
    /// disconnect, at most [`CLOSE_TIMEOUT`] longer.
    pub(crate) async fn close_gradually(&self, grace: Duration) {
        let count = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        let spread = CLOSE_SPACING.saturating_mul(count).min(grace);
        let (begin_on, spread) = self.close_schedule.get_or_init(|| (Instant::now(), spread));
        self.dismissal.cancel();
        self.open.close();
        let over_on = *begin_on + *spread + CLOSE_TIMEOUT;
        if time::timeout_at(over_on, self.open.wait()).await.is_err() {
            tracing::debug!(
                left = self.open.len(),
                "some clients did not disconnect in time; shutting down without them"
            );
        }
    }

    fn by_viewer(&self) -> MutexGuard<'_, HashMap<UserId, ViewerConnections>> {
        self.by_viewer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientConnection {
    /// Records the code with which the connection is about to close.
    pub(crate) fn set_close_code(&mut self, code: u16) {
        self.connection.set_close_code(code);
    }

    /// Waits until this client's connection is due to close.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the due time stays the same when the future is dropped and the method is called
    /// again.
    pub(crate) async fn wait_for_dismissal(&self) -> Dismissal {
        let restart = async {
            self.clients.dismissal.cancelled().await;
            if let Some((begin_on, spread)) = self.clients.close_schedule.get() {
                time::sleep_until(*begin_on + spread.mul_f64(self.turn)).await;
            }
        };
        tokio::select! {
            biased;
            () = self.disconnection.cancelled() => Dismissal::Disconnected,
            () = restart => Dismissal::Restart,
        }
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        let mut by_viewer = self.clients.by_viewer();
        if let Some(open) = by_viewer.get_mut(&self.viewer) {
            open.count -= 1;
            if open.count == 0 {
                by_viewer.remove(&self.viewer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_limited_per_viewer() {
        let clients = Arc::new(ClientConnections::default());
        let (ann, bob) = (UserId::from("ann"), UserId::from("bob"));
        let first = clients.try_open(&ann, 2, Transport::WebSocket);
        let second = clients.try_open(&ann, 2, Transport::WebSocket);
        assert!(first.is_some() && second.is_some());
        assert!(clients.try_open(&ann, 2, Transport::WebSocket).is_none());
        assert!(clients.try_open(&bob, 2, Transport::WebSocket).is_some());
        drop(first);
        assert!(clients.try_open(&ann, 2, Transport::WebSocket).is_some());
        drop(second);
        assert!(clients.by_viewer().is_empty());
    }

    #[tokio::test]
    async fn a_viewer_is_disconnected_from_the_connections_of_that_moment() {
        let clients = Arc::new(ClientConnections::default());
        let open =
            |viewer: &str| clients.try_open(&viewer.into(), 9, Transport::WebSocket).unwrap();
        let (first, second, other) = (open("ann"), open("ann"), open("bob"));
        clients.disconnect(&"ann".into());
        let later = open("ann");
        for cut in [first, second] {
            assert_eq!(cut.wait_for_dismissal().await, Dismissal::Disconnected);
        }
        for stays in [later, other] {
            assert!(!stays.disconnection.is_cancelled());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn clients_are_closed_one_after_another() {
        const COUNT: u32 = 100;
        let clients = Arc::new(ClientConnections::default());
        let begun = Instant::now();
        let closing: Vec<_> = (0..COUNT)
            .map(|_| clients.try_open(&"ann".into(), usize::MAX, Transport::WebSocket).unwrap())
            .map(|client| {
                tokio::spawn(async move {
                    client.wait_for_dismissal().await;
                    begun.elapsed()
                })
            })
            .collect();
        clients.close_gradually(Duration::from_secs(60)).await;
        let mut closed_on = Vec::new();
        for client in closing {
            closed_on.push(client.await.unwrap());
        }
        closed_on.sort();
        assert!(*closed_on.last().unwrap() <= CLOSE_SPACING * COUNT);
        let halfway = closed_on.partition_point(|closed_on| *closed_on < CLOSE_SPACING * COUNT / 2);
        assert!((20..=80).contains(&halfway), "{halfway} of {COUNT} closed in the first half");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_disconnect_is_not_awaited_forever() {
        let clients = Arc::new(ClientConnections::default());
        let _stays = clients.try_open(&"ann".into(), 1, Transport::WebSocket).unwrap();
        clients.close_gradually(Duration::from_secs(60)).await;
    }
}
