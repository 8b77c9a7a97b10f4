//! Repetition of database calls that fail at the end of an attempt.

use tokio::time;

use crate::{
    runner::Engine,
    store::{RETRY_AFTER, StoreError},
};

/// Number of failures during the shutdown after which the caller gives up.
const LAST_TRIES: u32 = 5;

/// Repeats a failed database call without limit, but during the shutdown only up to [`LAST_TRIES`]
/// times.
pub(super) struct DatabaseBackoff<'a> {
    engine: &'a Engine,
    attempts_left: u32,
}

impl<'a> DatabaseBackoff<'a> {
    pub(super) fn new(engine: &'a Engine) -> Self {
        Self { engine, attempts_left: LAST_TRIES }
    }

    /// Waits before the next try. Returns `false` if the caller has to give up.
    pub(super) async fn wait_before_retry(&mut self, error: &StoreError) -> bool {
        if self.engine.active_runs.stop.is_cancelled() {
            self.attempts_left -= 1;
        }
        if self.attempts_left == 0 {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "could not write the result before the shutdown; giving up, the lease will expire"
            );
            return false;
        }
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "could not write the result; retrying in {RETRY_AFTER:?}"
        );
        time::sleep(RETRY_AFTER).await;
        true
    }
}
