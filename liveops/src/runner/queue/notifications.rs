//! What this process hears from others that have something to do for it.

use std::sync::Arc;

use tokio::time;

use crate::{
    channel::{ChannelLayer, Delivery, Hint, Lagged, Notice, Subscription},
    metrics::subscription_lagged,
    operation::ChannelName,
    runner::{attempt::active_runs::Running, engine::Engine},
    store::RETRY_AFTER,
};

impl Engine {
    /// Has this process take hints for as long as there is anybody who could make use of them.
    pub(in crate::runner) fn ensure_hints(self: &Arc<Self>) {
        let (layer, running) = (self.publisher.layer.clone(), self.running.clone());
        self.running.hints_start.call_once(|| {
            let over = self.running.over.clone();
            tokio::spawn(async move { over.run_until_cancelled(take(layer, running)).await });
        });
    }
}

async fn take(layer: Arc<dyn ChannelLayer>, running: Arc<Running>) {
    loop {
        match layer.subscribe(&ChannelName::workers()).await {
            Ok(subscription) => {
                // What was said before is found by looking.
                running.wake.notify_one();
                follow(subscription, &running).await;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "no hints from other processes; polls until there are");
            }
        }
        time::sleep(RETRY_AFTER).await;
    }
}

async fn follow(mut hints: Subscription, running: &Running) {
    while let Some(delivery) = hints.next().await {
        match delivery {
            Ok(Delivery::Notice(Notice::Hint(Hint::Cancel(id)))) => {
                running.cancel(id);
            }
            // A request to cancel that got lost is in the row, which is looked at all the time.
            Err(Lagged) => {
                subscription_lagged();
                running.wake.notify_one();
            }
            Ok(Delivery::Notice(Notice::Hint(Hint::Work))) => running.wake.notify_one(),
            Ok(_) => {}
        }
    }
}
