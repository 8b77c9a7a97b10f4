//! The blocking closures of a run, which the runner waits for before it ends the run.

use std::{
    any::Any,
    sync::{Arc, Weak},
};

use futures_util::FutureExt;
use tokio::task::spawn_blocking;
use tokio_util::task::TaskTracker;
use tracing::Span;

use crate::{
    error::{RunError, RunResult},
    panic,
};

/// The closures that a run has started with [`Progress::spawn_blocking`](super::Progress::spawn_blocking).
#[derive(Debug, Default)]
pub(crate) struct BlockingTasks {
    running: TaskTracker,
    /// The registration of the attempt. Each closure has it, because a closure outlives an attempt that the
    /// runtime of the application drops.
    registration: Option<Weak<dyn Any + Send + Sync>>,
}

impl BlockingTasks {
    /// Creates the closures of an attempt that is registered as long as `registration` exists.
    pub(crate) fn of_attempt<T: Any + Send + Sync>(registration: &Arc<T>) -> Self {
        let registration: Weak<T> = Arc::downgrade(registration);
        Self { running: TaskTracker::new(), registration: Some(registration) }
    }

    /// Starts `work` on a blocking thread, and returns its result or its panic.
    pub(super) fn spawn<T, F>(
        &self,
        work: F,
    ) -> impl Future<Output = RunResult<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> RunResult<T> + Send + 'static,
    {
        // Dropped with the closure, also if the closure never starts because the runtime shuts down.
        let token = self.running.token();
        let registration = self.registration.as_ref().and_then(Weak::upgrade);
        let span = Span::current();
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let work = move || {
            let _held = (token, registration);
            tracing::dispatcher::with_default(&dispatch, || {
                span.in_scope(|| {
                    panic::catch(work)
                        .unwrap_or_else(|panicked| Err(RunError::from(panicked.to_string())))
                })
            })
        };
        spawn_blocking(work).map(|joined| joined.unwrap_or_else(|error| Err(error.into())))
    }

    /// Waits until no closure is running.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(crate) async fn ended(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_closure_whose_future_is_dropped_delays_the_end() {
        let tasks = BlockingTasks::default();
        let (release, held) = mpsc::channel::<()>();
        drop(tasks.spawn(move || Ok(held.recv()?)));
        assert_eq!(tasks.ended().now_or_never(), None);
        release.send(()).unwrap();
        tasks.ended().await;
    }

    #[tokio::test]
    async fn a_panic_of_a_closure_is_an_error_with_its_message() {
        let tasks = BlockingTasks::default();
        let result: RunResult<()> = tasks.spawn(|| panic!("row 7 is bad")).await;
        let traceback = result.unwrap_err().traceback();
        assert!(traceback.contains("row 7 is bad") && traceback.contains(file!()), "{traceback}");
        tasks.ended().await;
    }
}
