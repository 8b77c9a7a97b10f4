//! Repetition of database calls that fail at the end of an attempt.

use std::{future::Future, time::Duration};

use tokio::time;

use crate::{
    runner::Engine,
    store::{RETRY_AFTER, Store, StoreError},
};

/// Maximum duration of one write of a run. Longer than a lease may be, because the heartbeat renews the
/// lease meanwhile.
pub(in crate::runner) const WRITE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Maximum duration of one write over the pool of the application once the shutdown stops the runs. The time
/// that remains before the process exits is for a connection that the application does not hold.
const LAST_WRITE_WAIT_MAX: Duration = Duration::from_secs(2);

/// Maximum number of connections for writes that failed over the pool of the application.
pub(in crate::runner) const WRITES_MAX: usize = 4;

/// Number of failures during the shutdown after which the caller gives up.
const LAST_TRIES: u32 = 5;

/// Waits as long as one write over the pool of the application may take, and returns that time.
pub(in crate::runner) async fn write_wait(engine: &Engine) -> Duration {
    let last = async {
        engine.active_runs.stop.cancelled().await;
        time::sleep(LAST_WRITE_WAIT_MAX).await;
    };
    tokio::select! {
        () = time::sleep(WRITE_WAIT_MAX) => WRITE_WAIT_MAX,
        () = last => LAST_WRITE_WAIT_MAX,
    }
}

/// Repeats a failed database call without limit, but during the shutdown only up to [`LAST_TRIES`]
/// times.
pub(in crate::runner) struct DatabaseBackoff<'a> {
    engine: &'a Engine,
    attempts_left: u32,
    has_failed: bool,
}

impl<'a> DatabaseBackoff<'a> {
    pub(in crate::runner) fn new(engine: &'a Engine) -> Self {
        Self { engine, attempts_left: LAST_TRIES, has_failed: false }
    }

    /// Runs `write` on the pool of the application, and after a failure on a connection of its own: the
    /// pool may be full, or have only connections that the network has dropped. Each try takes at most
    /// [`WRITE_WAIT_MAX`], and over the pool at most [`LAST_WRITE_WAIT_MAX`] once the shutdown stops the
    /// runs.
    pub(super) async fn write<T, Write>(
        &self,
        action: &'static str,
        write: impl FnOnce(Store) -> Write,
    ) -> Result<T, StoreError>
    where
        Write: Future<Output = Result<T, StoreError>>,
    {
        if self.has_failed {
            self.engine.write_connections.run(action, write).await
        } else {
            self.engine.store.run_within(write_wait(self.engine), action, write).await
        }
    }

    /// Waits before the next try. Returns `false` if the caller has to give up.
    pub(in crate::runner) async fn wait_before_retry(&mut self, error: &StoreError) -> bool {
        self.has_failed = true;
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
