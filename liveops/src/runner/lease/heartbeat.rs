//! The heartbeat: renews the leases of this process, polls cancel requests, and rescues runs of lost
//! workers.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::{self, Instant};

use super::{expiry::LeaseExpiryTracker, rescue::rescue};
use crate::{
    runner::engine::Engine,
    store::{RETRY_AFTER, StoreError},
};

impl Engine {
    /// Starts the heartbeat, unless it runs already. The heartbeat stops with the application.
    pub(in crate::runner) fn ensure_lease_heartbeat(self: &Arc<Self>) {
        self.ensure_worker_notifications();
        self.active_runs.heartbeat_start.call_once(|| {
            let active_runs = self.active_runs.clone();
            let heartbeat = LeaseHeartbeat::new(self);
            let stop = async move {
                active_runs.shut_down.cancelled().await;
                // A run that could not be stopped keeps its lease while this process executes it: nobody
                // else may begin it meanwhile.
                active_runs.tasks.wait().await;
            };
            tokio::spawn(async move {
                tokio::select! {
                    () = stop => {}
                    () = heartbeat.run() => {}
                }
            });
        });
    }
}

struct LeaseHeartbeat {
    /// Weak: the heartbeat must not keep a dropped application alive.
    engine: Weak<Engine>,
    lease: Duration,
    /// Interval at which cancel requests are read.
    cancel_poll_interval: Duration,
    expiry: LeaseExpiryTracker,
}

impl LeaseHeartbeat {
    fn new(engine: &Arc<Engine>) -> Self {
        let lease = engine.config.lease;
        Self {
            engine: Arc::downgrade(engine),
            lease,
            cancel_poll_interval: engine.config.poll_interval.min(lease / 3),
            expiry: LeaseExpiryTracker::default(),
        }
    }

    async fn run(mut self) {
        let mut renew_on = Instant::now();
        loop {
            let Some(engine) = self.engine.upgrade() else { return };
            let done = if Instant::now() >= renew_on {
                renew_on = Instant::now() + self.lease / 3;
                self.renew_leases(&engine).await
            } else {
                poll_cancel_requests(&engine).await
            };
            if let Err(error) = done {
                let (worker, error) =
                    (&engine.active_runs.worker, &error as &dyn std::error::Error);
                tracing::warn!(worker, error, "could not keep the leases up to date; retrying");
                renew_on = Instant::now() + RETRY_AFTER.min(self.lease / 3);
                self.expiry.reset();
            }
            drop(engine);
            time::sleep(self.cancel_poll_interval).await;
        }
    }

    /// Renews the leases of this process's runs, and rescues runs whose lease has expired.
    async fn renew_leases(&mut self, engine: &Engine) -> Result<(), StoreError> {
        let heartbeats = engine.active_runs.heartbeats();
        if !heartbeats.is_empty() {
            let replies = engine.store.heartbeat(&heartbeats, self.lease).await?;
            engine.active_runs.apply_replies(&heartbeats, &replies);
        }
        for lease in self.expiry.observe(engine.store.leases().await?, self.lease) {
            rescue(engine, lease).await?;
        }
        Ok(())
    }
}

async fn poll_cancel_requests(engine: &Engine) -> Result<(), StoreError> {
    let ids = engine.active_runs.ids();
    if !ids.is_empty() {
        for id in engine.store.cancel_requests(ids).await? {
            engine.active_runs.cancel(id);
        }
    }
    Ok(())
}
