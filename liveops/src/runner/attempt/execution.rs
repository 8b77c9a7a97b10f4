//! The execution of a run: its future, polled on a thread of its own or by a task of the runtime, and the
//! blocking closures that the run has started.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;
use tracing::dispatcher;

use super::{active_runs::ActiveRunGuard, outcome::Outcome, poll_clock::PollClock};
use crate::progress::RunContext;

/// The executor that polls a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum Executor {
    /// A thread of its own. A run that blocks its thread delays nothing but itself. A task of the runtime
    /// replaces the thread if the system cannot start one.
    OwnThread,
    /// A task of the runtime, for runs on which the caller waits: these follow the caller's clock.
    Task,
}

/// The name of the threads of runs.
const THREAD_NAME: &str = "liveops-run";

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
        let run = async move {
            // Refused if nothing waits for the run any more.
            let _ = sender.send(run.await);
            drop(registration);
        };
        match executor {
            Executor::Task => drop(tokio::spawn(run)),
            Executor::OwnThread => on_thread(thread::Builder::new(), run),
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

/// Executes `run` on a thread of its own, with the timers, the I/O and the tasks of the current runtime. If
/// the system cannot start a thread, a task of the runtime executes the run: the limit of threads of one
/// process must not end the operations that wait in the queue.
///
/// A plain thread and not one of the blocking pool: the end of a process waits for the pool, and the pool
/// has a maximum size.
fn on_thread(thread: thread::Builder, run: impl Future<Output = ()> + Send + 'static) {
    let runtime = Handle::current();
    let dispatch = dispatcher::get_default(Clone::clone);
    // Shared with the thread: a thread that does not start drops its closure.
    let run = Arc::new(Mutex::new(Some(run)));
    let run_of_thread = run.clone();
    let execute = move || {
        let _dispatch = dispatcher::set_default(&dispatch);
        if let Some(run) = taken(&run_of_thread) {
            runtime.block_on(run);
        }
    };
    if let Err(error) = thread.name(THREAD_NAME.to_owned()).spawn(execute) {
        warn_of_missing_thread(&error);
        taken(&run).map(tokio::spawn);
    }
}

/// Takes the value out of `slot`.
fn taken<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn warn_of_missing_thread(error: &io::Error) {
    tracing::warn!(
        %error,
        "could not start a thread for a run; executing the run on the runtime of the application, where a \
         run that holds its thread delays others; raise the limit of threads, or lower `concurrency_max`"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_for_which_no_thread_can_be_started_is_executed_nevertheless() {
        // More than any address space.
        let thread = thread::Builder::new().stack_size(1 << 56);
        let (executed, on) = oneshot::channel();
        on_thread(thread, async {
            executed.send(thread::current().id()).unwrap();
        });
        assert_eq!(on.await.unwrap(), thread::current().id(), "the thread of the runtime");
    }
}
