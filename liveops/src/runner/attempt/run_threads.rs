//! The threads that poll runs: a few threads while the runs wait, and more while runs block their threads.
//!
//! A thread for each run would cost one wake-up by the system for each event of each run. With thousands of runs the
//! processor does little else.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt, io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::Poll,
    thread::{self, Thread},
    time::{Duration, Instant},
};

use async_task::Runnable;
use futures_util::future;
use tokio::runtime::Handle;
use tracing::{Dispatch, dispatcher, instrument::WithSubscriber, subscriber::NoSubscriber};

use crate::panic;

/// The name of the threads.
const THREAD_NAME: &str = "liveops-run";

/// Minimum number of threads of a process with runs to poll.
const LEN_MIN: usize = 2;

/// Time for which a run waits for a thread before the number of threads is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Minimum number of polls that a thread completes in [`CHECK_INTERVAL`] if no run holds the thread. With fewer polls,
/// the pool starts more threads.
const POLLS_PER_CHECK_MIN: u64 = 10;

/// Time after which a thread without work ends.
const IDLE_MAX: Duration = Duration::from_secs(5);

/// The threads that poll the runs of one process.
///
/// Runs that wait share as many threads as the machine has processors. If a run waits for a thread because others
/// hold theirs, the number of threads doubles, up to one for each run. At the system's limit of threads, tasks of the
/// runtime poll the runs that wait: the limit must not end the operations that wait in the queue.
#[derive(Debug, Clone)]
pub(in crate::runner) struct RunThreads(Arc<Pool>);

struct Pool {
    state: Mutex<State>,
    /// Notified when runs wait for a thread.
    overloaded: Condvar,
    len_min: usize,
    idle_max: Duration,
}

#[derive(Default)]
struct State {
    /// The runs to poll, oldest first.
    queue: VecDeque<Queued>,
    /// The threads without work. The pool wakes the newest first, so that the others can end.
    idle: BTreeMap<u64, Thread>,
    next_idle: u64,
    /// The number of threads.
    len: usize,
    /// The number of polls begun.
    polls: u64,
    watcher: Watcher,
    /// `true` if the last thread could not be started.
    is_at_limit: bool,
    /// The stack size of the next threads; `None` for the default.
    stack_bytes: Option<usize>,
}

struct Queued {
    run: Run,
    on: Instant,
}

/// A run to be polled once, in this runtime.
type Run = Runnable<Handle>;

/// The thread that starts more threads when runs hold the others.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Watcher {
    #[default]
    NotStarted,
    Asleep,
    Awake,
}

impl RunThreads {
    pub(in crate::runner) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(LEN_MIN, usize::from);
        Self::with(processors.max(LEN_MIN), IDLE_MAX)
    }

    fn with(len_min: usize, idle_max: Duration) -> Self {
        let (state, overloaded) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Pool { state, overloaded, len_min, idle_max }))
    }

    /// Polls `run` to its end, with the timers, the I/O and the tasks of the current runtime, and the subscriber of
    /// the current thread.
    pub(super) fn spawn(&self, run: impl Future<Output = ()> + Send + 'static) {
        let pool = self.0.clone();
        let schedule = move |run| pool.push(run);
        let builder = async_task::Builder::new().metadata(Handle::current());
        // A subscriber for all threads may be installed later.
        let subscriber = dispatcher::get_default(Dispatch::clone);
        let (run, task) = if subscriber.is::<NoSubscriber>() {
            builder.spawn(|_| run, schedule)
        } else {
            let run = run.with_subscriber(subscriber);
            builder.spawn(|_| run, schedule)
        };
        task.detach();
        run.schedule();
    }
}

impl Pool {
    fn push(self: &Arc<Self>, run: Run) {
        let mut state = self.state();
        state.queue.push_back(Queued { run, on: Instant::now() });
        let is_served = if let Some((_, thread)) = state.idle.pop_last() {
            thread.unpark();
            true
        } else if state.len == 0 || (state.len < self.len_min && !state.is_at_limit) {
            self.start_thread(&mut state)
        } else {
            self.wake_watcher(&mut state)
        };
        if !is_served {
            let runs = mem::take(&mut state.queue);
            drop(state);
            poll_on_runtimes(runs);
        }
    }

    /// Starts a thread that polls runs. Returns `false` if the system cannot start one.
    fn start_thread(self: &Arc<Self>, state: &mut State) -> bool {
        let pool = self.clone();
        let has_started = self.start(state, move || pool.work());
        state.len += usize::from(has_started);
        has_started
    }

    fn start(&self, state: &mut State, work: impl FnOnce() + Send + 'static) -> bool {
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned());
        let thread = state.stack_bytes.into_iter().fold(thread, thread::Builder::stack_size);
        let started = thread.spawn(work);
        if let Err(error) = &started
            && !state.is_at_limit
        {
            warn_of_missing_thread(error);
        }
        state.is_at_limit = started.is_err();
        started.is_ok()
    }

    /// Polls runs until none arrives for a while.
    fn work(&self) {
        while let Some(run) = self.next_run() {
            poll(run);
        }
    }

    fn next_run(&self) -> Option<Run> {
        let mut state = self.state();
        loop {
            if let Some(Queued { run, .. }) = state.queue.pop_front() {
                state.polls += 1;
                return Some(run);
            }
            let idle = state.next_idle;
            state.next_idle += 1;
            state.idle.insert(idle, thread::current());
            drop(state);
            thread::park_timeout(self.idle_max);
            state = self.state();
            // A thread that is woken for a run is no longer idle.
            if state.idle.remove(&idle).is_some() && state.queue.is_empty() {
                state.len -= 1;
                return None;
            }
        }
    }

    /// Returns `false` if the system cannot start the watcher.
    fn wake_watcher(self: &Arc<Self>, state: &mut State) -> bool {
        let is_awake = match state.watcher {
            Watcher::Awake => return true,
            Watcher::Asleep => {
                self.overloaded.notify_one();
                true
            }
            Watcher::NotStarted => {
                let pool = self.clone();
                self.start(state, move || pool.watch())
            }
        };
        if is_awake {
            state.watcher = Watcher::Awake;
        }
        is_awake
    }

    /// Starts threads while runs hold the others.
    fn watch(self: Arc<Self>) {
        let mut state = self.state();
        loop {
            while !state.queue.is_empty() {
                let polls = state.polls;
                let waited = self.overloaded.wait_timeout(state, CHECK_INTERVAL);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                let polls = state.polls - polls;
                if state.lacks_threads(polls) && !self.start_threads(&mut state) {
                    let runs = mem::take(&mut state.queue);
                    drop(state);
                    poll_on_runtimes(runs);
                    state = self.state();
                }
            }
            state.watcher = Watcher::Asleep;
            let is_asleep = |state: &mut State| state.watcher == Watcher::Asleep;
            let waited = self.overloaded.wait_timeout_while(state, self.idle_max, is_asleep);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.watcher == Watcher::Asleep {
                state.watcher = Watcher::NotStarted;
                return;
            }
        }
    }

    /// Doubles the number of threads, up to one for each run that waits. Returns `false` at the limit of the system.
    fn start_threads(self: &Arc<Self>, state: &mut State) -> bool {
        (0..state.queue.len().min(state.len)).all(|_| self.start_thread(state))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns `true` if a run has waited, no thread is idle, and the threads have completed few polls since the last
    /// check: then runs hold the threads. With many short polls, the runs lack processors and not threads.
    fn lacks_threads(&self, polls: u64) -> bool {
        let waits = self.queue.front().is_some_and(|run| run.on.elapsed() >= CHECK_INTERVAL);
        waits && self.idle.is_empty() && polls < POLLS_PER_CHECK_MIN * self.len as u64
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("len", &self.state().len).finish_non_exhaustive()
    }
}

/// Polls `run` once, within its runtime.
fn poll(run: Run) {
    let runtime = run.metadata().clone();
    let mut run = Some(run);
    let polled = panic::catch(|| {
        runtime.block_on(future::poll_fn(|_| {
            run.take().map(Runnable::run);
            Poll::Ready(())
        }));
    });
    if let Err(panicked) = polled {
        tracing::error!(%panicked, "the poll of a run panicked outside of the code of the run");
    }
}

/// Starts a task of its runtime for each run, which polls the run once. Call without the lock: a runtime that is
/// shutting down drops the run, and the code of a dropped run may wake other runs.
fn poll_on_runtimes(runs: VecDeque<Queued>) {
    for Queued { run, .. } in runs {
        let runtime = run.metadata().clone();
        runtime.spawn(async move {
            run.run();
        });
    }
}

fn warn_of_missing_thread(error: &io::Error) {
    tracing::warn!(
        %error,
        "could not start a thread for runs; a run that holds its thread may delay others, also those of the \
         application; raise the limit of threads, or lower `concurrency_max`"
    );
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashSet,
        iter,
        sync::{Barrier, mpsc},
    };

    use futures_util::future::join_all;
    use tokio::{sync::oneshot, task, time};

    use super::*;

    /// Starts runs and waits for their results.
    async fn results<R, F>(threads: &RunThreads, runs: impl IntoIterator<Item = F>) -> Vec<R>
    where
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let results = runs.into_iter().map(|run| {
            let (sender, result) = oneshot::channel();
            threads.spawn(async move { drop(sender.send(run.await)) });
            result
        });
        let results: Vec<_> = results.collect();
        let results = time::timeout(Duration::from_secs(60), join_all(results)).await;
        results.expect("every run is polled").into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn runs_that_wait_share_a_few_threads() {
        const RUNS: usize = 500;
        let threads = RunThreads::with(2, IDLE_MAX);
        let run = || async {
            let mut seen = HashSet::new();
            for _ in 0..10 {
                task::yield_now().await;
                seen.insert(thread::current().id());
            }
            seen
        };
        let seen = results(&threads, iter::repeat_with(run).take(RUNS)).await;
        let seen: HashSet<_> = seen.into_iter().flatten().collect();
        // A busy machine may delay a thread, as a run that holds it does.
        assert!(seen.len() < RUNS / 10, "{} threads", seen.len());
        assert!(!seen.contains(&thread::current().id()));
    }

    #[tokio::test]
    async fn runs_that_hold_their_threads_delay_no_other_run() {
        const RUNS: usize = 40;
        let threads = RunThreads::with(2, IDLE_MAX);
        // The barrier opens only if all runs have a thread at the same time.
        let barrier = Arc::new(Barrier::new(RUNS));
        let runs = iter::repeat_n(barrier, RUNS).map(|barrier| async move {
            barrier.wait();
        });
        assert_eq!(results(&threads, runs).await.len(), RUNS);
    }

    #[tokio::test]
    async fn a_run_is_polled_although_no_thread_can_be_started() {
        let threads = RunThreads::with(2, IDLE_MAX);
        forbid_threads(&threads);
        let run = async {
            task::yield_now().await;
            thread::current().id()
        };
        let polled_on = results(&threads, [run]).await;
        assert_eq!(polled_on, [thread::current().id()], "the thread of the runtime");
    }

    fn forbid_threads(threads: &RunThreads) {
        // More than any address space.
        threads.0.state().stack_bytes = Some(1 << 56);
    }

    #[tokio::test]
    async fn a_run_is_polled_although_another_one_holds_the_last_thread() {
        let threads = RunThreads::with(2, IDLE_MAX);
        let (release, held) = mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        threads.spawn(async move {
            begun.send(()).unwrap();
            held.recv().unwrap_err();
        });
        begins.await.unwrap();
        forbid_threads(&threads);
        let run = || async { thread::current().id() };
        // More than one poll, because the pool remembers the first refusal of the system.
        for _ in 0..3 {
            assert_eq!(results(&threads, [run()]).await, [thread::current().id()]);
        }
        drop(release);
    }

    #[tokio::test]
    async fn a_panic_outside_of_a_run_costs_no_thread() {
        let threads = RunThreads::with(1, IDLE_MAX);
        let run = async { thread::current().id() };
        let before = results(&threads, [run]).await;
        let (ended, dropped) = oneshot::channel::<()>();
        threads.spawn(async move {
            let _ended = ended;
            panic!("on purpose");
        });
        dropped.await.unwrap_err();
        let run = async { thread::current().id() };
        assert_eq!(results(&threads, [run]).await, before);
    }

    #[tokio::test]
    async fn threads_without_work_end_and_start_again() {
        let threads = RunThreads::with(2, Duration::from_millis(1));
        for _ in 0..3 {
            let barrier = Arc::new(Barrier::new(4));
            let runs = iter::repeat_n(barrier, 4).map(|barrier| async move {
                barrier.wait();
            });
            results(&threads, runs).await;
            while threads.0.state().len > 0 {
                task::yield_now().await;
            }
        }
    }
}
