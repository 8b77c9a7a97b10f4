use tokio::time;

use crate::{
    runner::Engine,
    store::{RETRY_AFTER, StoreError},
};

/// How often a database that fails is asked again when the process shuts down.
const LAST_TRIES: u32 = 5;

/// How long a database that fails is asked again: for as long as the process is not to stop.
pub(super) struct Patience<'a> {
    engine: &'a Engine,
    tries_left: u32,
}

impl<'a> Patience<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self { engine, tries_left: LAST_TRIES }
    }

    /// Waits until it is time to ask again; `false` when it is not worth it any more.
    pub(super) async fn is_left_after(&mut self, error: &StoreError) -> bool {
        if self.engine.running.stop.is_cancelled() {
            self.tries_left -= 1;
        }
        if self.tries_left == 0 {
            tracing::error!(error = error as &dyn std::error::Error, "gave up");
            return false;
        }
        tracing::error!(error = error as &dyn std::error::Error, "will try again");
        time::sleep(RETRY_AFTER).await;
        true
    }
}
