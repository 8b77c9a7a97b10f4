//! What this process hears from others that have something to do for it.

use std::sync::Arc;

use tokio::time;

use crate::{
    channel::{ChannelLayer, Delivery, Lagged, Notice, Subscription, WorkerNotification},
    metrics::subscription_lagged,
    operation::ChannelName,
    runner::{attempt::active_runs::ActiveRuns, engine::Engine},
    store::RETRY_AFTER,
};

impl Engine {
    /// Has this process take hints for as long as there is anybody who could make use of them.
    pub(in crate::runner) fn ensure_worker_notifications(self: &Arc<Self>) {
        let (layer, active_runs) = (self.publisher.layer.clone(), self.active_runs.clone());
        self.active_runs.notifications_start.call_once(|| {
            let shut_down = self.active_runs.shut_down.clone();
            tokio::spawn(async move {
                shut_down.run_until_cancelled(receive_notifications(layer, active_runs)).await
            });
        });
    }
}

async fn receive_notifications(layer: Arc<dyn ChannelLayer>, active_runs: Arc<ActiveRuns>) {
    loop {
        match layer.subscribe(&ChannelName::workers()).await {
            Ok(subscription) => {
                // What was said before is found by looking.
                active_runs.wake.notify_one();
                handle_notifications(subscription, &active_runs).await;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "no hints from other processes; polls until there are");
            }
        }
        time::sleep(RETRY_AFTER).await;
    }
}

async fn handle_notifications(mut subscription: Subscription, active_runs: &ActiveRuns) {
    while let Some(delivery) = subscription.next().await {
        match delivery {
            Ok(Delivery::Notice(Notice::Worker(WorkerNotification::Cancel(id)))) => {
                active_runs.cancel(id);
            }
            // A request to cancel that got lost is in the row, which is looked at all the time.
            Err(Lagged) => {
                subscription_lagged();
                active_runs.wake.notify_one();
            }
            Ok(Delivery::Notice(Notice::Worker(WorkerNotification::Work))) => {
                active_runs.wake.notify_one()
            }
            Ok(_) => {}
        }
    }
}
