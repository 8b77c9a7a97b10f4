use tokio::time;

use crate::{
    runner::Engine,
    store::{RETRY_AFTER, StoreError},
};

/// How often a database that fails is asked again when the process shuts down.
const LAST_TRIES: u32 = 5;

/// How long a database that fails is asked again: for as long as the process is not to stop.
pub(super) struct DatabaseBackoff<'a> {
    engine: &'a Engine,
    attempts_left: u32,
}

impl<'a> DatabaseBackoff<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self { engine, attempts_left: LAST_TRIES }
    }

    /// Waits until it is time to ask again; `false` when it is not worth it any more.
    pub(super) async fn wait_before_retry(&mut self, error: &StoreError) -> bool {
        if self.engine.active_runs.stop.is_cancelled() {
            self.attempts_left -= 1;
        }
        if self.attempts_left == 0 {
            tracing::error!(error = error as &dyn std::error::Error, "gave up");
            return false;
        }
        tracing::error!(error = error as &dyn std::error::Error, "will try again");
        time::sleep(RETRY_AFTER).await;
        true
    }
}
