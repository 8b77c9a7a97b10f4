//! The execution of a run: its future, polled by the threads for runs or by a task of the runtime, and the
//! blocking closures that the run has started.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{active_runs::ActiveRunGuard, outcome::Outcome, poll_clock::PollClock};
use crate::progress::RunContext;

/// The executor that polls a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum Executor {
    /// The [threads for runs](super::run_threads::RunThreads) of the process. A run that blocks its thread delays only
    /// itself.
    Threads,
    /// A task of the runtime, for runs on which the caller waits: these follow the caller's clock.
    Task,
}

/// A run in execution. Dropping this value stops the run.
#[derive(Debug)]
pub(super) struct Execution {
    /// Receives the outcome; `None` for a run that was stopped.
    outcome_sent: oneshot::Receiver<Option<Outcome>>,
    /// The outcome, once received. `None` inside if the run was stopped.
    outcome: Option<Option<Outcome>>,
    stop: CancellationToken,
    polls: Arc<PollClock>,
    context: Arc<RunContext>,
}

impl Execution {
    /// Starts `run`, which has `context`. The executor drops `registration` after the run.
    pub(super) fn start(
        executor: Executor,
        context: Arc<RunContext>,
        registration: Arc<ActiveRunGuard>,
        run: impl Future<Output = Outcome> + Send + 'static,
    ) -> Self {
        let (sender, outcome_sent) = oneshot::channel();
        let stop = CancellationToken::new();
        let polls = Arc::new(PollClock::new());
        let run = polls.watch(run_until_stopped(run, stop.clone()));
        let threads = registration.run_threads();
        let run = async move {
            // Refused if nothing waits for the run any more.
            let _ = sender.send(run.await);
            drop(registration);
        };
        match executor {
            Executor::Task => drop(tokio::spawn(run)),
            Executor::Threads => threads.spawn(run),
        }
        Self { outcome_sent, outcome: None, stop, polls, context }
    }

    /// Returns the clock of the run's polls.
    pub(super) fn polls(&self) -> Arc<PollClock> {
        self.polls.clone()
    }

    /// Drops the run's future at its next `.await`, on the thread that polls the future.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the run's future has returned or was dropped.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn future_ended(&mut self) {
        if self.outcome.is_none() {
            // An error means that the runtime has dropped the future.
            self.outcome = Some((&mut self.outcome_sent).await.unwrap_or(None));
        }
    }

    /// Waits until the run's future and its closures have ended. Returns the outcome, or `None` if the
    /// run was stopped.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub(super) async fn ended(&mut self) -> Option<Outcome> {
        self.future_ended().await;
        self.context.blocking_tasks.ended().await;
        self.outcome.take().flatten()
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Returns the outcome of `run`; `None` if `stop` was cancelled first. The run is dropped before the
/// return.
async fn run_until_stopped(
    run: impl Future<Output = Outcome>,
    stop: CancellationToken,
) -> Option<Outcome> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        outcome = run => Some(outcome),
    }
}
