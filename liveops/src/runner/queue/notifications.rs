//! Notifications from other processes: waiting operations, cancel requests and disconnected viewers.

use std::sync::Arc;

use tokio::time;

use crate::{
    channel::{ChannelLayer, Delivery, Lagged, Notice, Subscription, WorkerNotification},
    metrics::subscription_lagged,
    operation::ChannelName,
    runner::{ClientConnections, attempt::active_runs::ActiveRuns, engine::Engine},
    store::RETRY_AFTER,
};

impl Engine {
    /// Starts receiving notifications, unless this process receives them already. Stops with the
    /// application.
    pub(crate) fn ensure_notifications(self: &Arc<Self>) {
        let (layer, active_runs) = (self.publisher.layer.clone(), self.active_runs.clone());
        let clients = self.clients.clone();
        self.active_runs.notifications_start.call_once(|| {
            let shut_down = self.active_runs.shut_down.clone();
            tokio::spawn(async move {
                shut_down
                    .run_until_cancelled(receive_notifications(layer, active_runs, clients))
                    .await
            });
        });
    }
}

async fn receive_notifications(
    layer: Arc<dyn ChannelLayer>,
    active_runs: Arc<ActiveRuns>,
    clients: Arc<ClientConnections>,
) {
    loop {
        match layer.subscribe(&ChannelName::workers()).await {
            Ok(subscription) => {
                // Earlier notifications were missed; a poll finds the operations they were about.
                active_runs.wake.notify_one();
                handle_notifications(subscription, &active_runs, &clients).await;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "could not subscribe to worker notifications; retrying in {RETRY_AFTER:?}"
                );
            }
        }
        time::sleep(RETRY_AFTER).await;
    }
}

async fn handle_notifications(
    mut subscription: Subscription,
    active_runs: &ActiveRuns,
    clients: &ClientConnections,
) {
    while let Some(delivery) = subscription.next().await {
        match delivery {
            Ok(Delivery::Notice(Notice::Worker(WorkerNotification::Cancel { id, attempt }))) => {
                active_runs.cancel(id, attempt);
            }
            Ok(Delivery::Notice(Notice::Disconnect(viewer))) => clients.disconnect(&viewer),
            // A lost cancel request is in the row too, which the heartbeat polls.
            Err(Lagged) => {
                subscription_lagged();
                active_runs.wake.notify_one();
            }
            Ok(Delivery::Notice(Notice::Worker(WorkerNotification::Work))) => {
                active_runs.wake.notify_one();
            }
            Ok(_) => {}
        }
    }
}
