//! What looks after the runs of this process, and takes over those of processes that are gone.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::{self, Instant};

use super::{expiry::Watchlist, rescue::rescue};
use crate::{
    runner::engine::Engine,
    store::{RETRY_AFTER, StoreError},
};

impl Engine {
    /// Has the runs of this process looked after for as long as there is anybody who could have some.
    pub(in crate::runner) fn ensure_kept(self: &Arc<Self>) {
        self.ensure_hints();
        self.running.keeper_start.call_once(|| {
            let over = self.running.over.clone();
            let keeper = Keeper::new(self);
            tokio::spawn(async move { over.run_until_cancelled(keeper.keep()).await });
        });
    }
}

struct Keeper {
    /// Weak, as an application that is dropped shall not be kept by its keeper.
    engine: Weak<Engine>,
    lease: Duration,
    /// How often those who asked for a run to be cancelled are heard.
    hear_interval: Duration,
    watchlist: Watchlist,
}

impl Keeper {
    fn new(engine: &Arc<Engine>) -> Self {
        let lease = engine.config.lease;
        Self {
            engine: Arc::downgrade(engine),
            lease,
            hear_interval: engine.config.poll_interval.min(lease / 3),
            watchlist: Watchlist::default(),
        }
    }

    async fn keep(mut self) {
        let mut beat_on = Instant::now();
        loop {
            let Some(engine) = self.engine.upgrade() else { return };
            let done = if Instant::now() >= beat_on {
                beat_on = Instant::now() + self.lease / 3;
                self.beat(&engine).await
            } else {
                hear_cancel_requests(&engine).await
            };
            if let Err(error) = done {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot keep the leases");
                beat_on = Instant::now() + RETRY_AFTER.min(self.lease / 3);
                self.watchlist.forget();
            }
            drop(engine);
            time::sleep(self.hear_interval).await;
        }
    }

    /// Keeps the leases of the runs of this process, and rescues those that nobody keeps.
    async fn beat(&mut self, engine: &Engine) -> Result<(), StoreError> {
        let beats = engine.running.beats();
        if !beats.is_empty() {
            let beaten = engine.store.heartbeat(&beats, self.lease).await?;
            engine.running.hear(&beats, &beaten);
        }
        for lease in self.watchlist.look(engine.store.leases().await?, self.lease) {
            rescue(engine, lease).await?;
        }
        Ok(())
    }
}

async fn hear_cancel_requests(engine: &Engine) -> Result<(), StoreError> {
    let ids = engine.running.ids();
    if !ids.is_empty() {
        for id in engine.store.cancel_requests(ids).await? {
            engine.running.cancel(id);
        }
    }
    Ok(())
}
