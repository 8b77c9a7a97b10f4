//! Runs that hold their thread, the closures of a run, and the end of runs that cannot be stopped.

use std::{thread, time::Duration};

use liveops::{
    Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    operation::NewOperation, runner::Builder, store::Model,
};
use serde::{Deserialize, Serialize};
use tokio::{runtime, sync::TryAcquireError, time::timeout};

use crate::support::{
    app::{Gate, Greeting, Steps, TestApp},
    database::{TestDatabase, on_every_database},
    log::Log,
    meter::Meter,
    until::until,
};

/// Holds its thread until the gate opens, once for each `poll`. Then it reports that it is late, and opens the
/// gate for the test.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Holding {
    polls: u32,
}

impl Run for Holding {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for poll in 1..=self.polls {
            p.status(format!("in poll {poll}"));
            hold(p.state());
            tokio::task::yield_now().await;
        }
        p.log("late");
        p.status("late");
        p.state().open(1);
        Ok(())
    }
}

fn holding() -> Holding {
    Holding { polls: 1 }
}

/// Blocks the thread until the gate opens.
fn hold(gate: &Gate) {
    loop {
        match gate.0.try_acquire() {
            Ok(permit) => return permit.forget(),
            Err(TryAcquireError::Closed) => return,
            Err(TryAcquireError::NoPermits) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Ends every hold when dropped: the runtime of a test that fails waits for the closures.
struct EndHolds(Gate);

impl Drop for EndHolds {
    fn drop(&mut self) {
        self.0.0.close();
    }
}

/// Holds its thread as [`Holding`] does, and is to be aborted by a cancellation.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, cancel = "abort")]
struct HoldingOn {}

impl Run for HoldingOn {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("holding on");
        hold(p.state());
        Ok(())
    }
}

/// Never awaits, and checks for cancellation in every step.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Loop")]
#[liveop(app = "test")]
struct Looping {}

impl Run for Looping {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(LoopingStage::Loop, async {
            for step in p.track(0..u64::MAX) {
                step?;
                thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        })
        .await
    }
}

/// Leaves a closure behind that ends when the gate opens, and returns.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Leaving {}

impl Run for Leaving {
    type Output = u32;

    async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
        let progress = p.clone();
        drop(p.spawn_blocking(move || {
            hold(progress.state());
            progress.log("the closure has ended");
            Ok(())
        }));
        p.status("returned");
        Ok(7)
    }
}

/// Waits for a closure that panics or ends at a cancellation.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Closure {
    panics: bool,
}

impl Run for Closure {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let (progress, panics) = (p.clone(), self.panics);
        p.spawn_blocking(move || {
            assert!(!panics, "the closure panics");
            for step in progress.track(0..u64::MAX) {
                step?;
                thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        })
        .await
    }
}

fn with_all(builder: Builder<Gate>) -> Builder<Gate> {
    builder
        .register::<Holding>()
        .register::<HoldingOn>()
        .register::<Looping>()
        .register::<Leaving>()
        .register::<Closure>()
}

async fn app_on(db: &TestDatabase, change: impl FnOnce(&mut Config)) -> TestApp {
    let mut config = Config::default();
    change(&mut config);
    TestApp::on(&db.url(), |builder| with_all(builder).config(config)).await
}

async fn app(change: impl FnOnce(&mut Config)) -> TestApp {
    app_on(&TestDatabase::sqlite_memory(), change).await
}

async fn row(app: &TestApp, id: OperationId) -> Model {
    app.liveops.find(id).await.unwrap().unwrap()
}

/// Waits until the lease of a run was renewed this many times.
async fn is_renewed(app: &TestApp, id: OperationId, times: usize) {
    for _ in 0..times {
        let before = row(app, id).await.lease_until;
        until("the lease is renewed", async || row(app, id).await.lease_until != before).await;
    }
}

async fn log_of(app: &TestApp, id: OperationId) -> String {
    app.log(id).await.join("\n")
}

const CANNOT_BE_STOPPED: &str =
    "The code of this operation is still running and cannot be stopped.";

async fn two_of_them_delay_nothing_else() {
    let app = app(|config| config.lease = Duration::from_secs(1)).await;
    let held = [
        app.liveops.enqueue(holding(), "ann").await.unwrap(),
        app.liveops.enqueue(holding(), "ann").await.unwrap(),
    ];
    for id in held {
        app.reports::<Holding>(id, "in poll 1").await;
    }
    let other = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    app.reaches(other, OperationState::FinishedOk).await;
    let cancelled = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reports::<Steps>(cancelled, "in Load").await;
    app.liveops.cancel(cancelled).await.unwrap();
    app.reaches(cancelled, OperationState::Cancelled).await;
    is_renewed(&app, held[0], 4).await;
    app.gate.open(2);
    for id in held {
        app.reaches(id, OperationState::FinishedOk).await;
    }
}

#[tokio::test]
async fn runs_that_hold_their_threads_delay_nothing_else_on_one_thread() {
    two_of_them_delay_nothing_else().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_hold_their_threads_delay_nothing_else_on_two_threads() {
    two_of_them_delay_nothing_else().await;
}

#[tokio::test]
async fn the_log_names_a_run_that_holds_its_thread_once_for_each_poll() {
    let (log, meter) = (Log::begin(), Meter::begin());
    let app = app(|config| config.lease = Duration::from_secs(3)).await;
    let id = app.liveops.enqueue(Holding { polls: 2 }, "ann").await.unwrap();
    let warnings = || {
        let lines = log.lines().into_iter();
        let warnings = lines.filter(|line| line.text.contains("has held its thread for 1s"));
        warnings.collect::<Vec<_>>()
    };
    until("the log names the run", async || warnings().len() == 1).await;
    let [warning] = &warnings()[..] else { panic!("there is one") };
    assert_eq!(warning.level, tracing::Level::WARN);
    for field in ["op_type=\"test.holding\"", &format!("id={id}"), "attempt=1", "p.spawn_blocking"]
    {
        assert!(warning.text.contains(field), "no {field} in {}", warning.text);
    }
    // Longer than it took to warn once.
    is_renewed(&app, id, 3).await;
    assert_eq!(warnings().len(), 1);

    app.gate.open(1);
    until("the log names the second poll", async || warnings().len() == 2).await;
    app.gate.open(1);
    app.reaches(id, OperationState::FinishedOk).await;
    let held = meter.scrape().sum("liveops_threads_held_total", &[("op_type", "test.holding")]);
    assert_eq!((warnings().len(), held), (2, 2.0));
}

on_every_database! {
    async fn a_run_that_cannot_be_stopped_after_its_timeout_ends_and_says_so(db: TestDatabase) {
        let app = app_on(&db, |config| {
            config.stop_timeout = Duration::from_secs(1);
            config.concurrency_max = 1;
        })
        .await;
        let mut new = NewOperation::new(&holding(), "ann").unwrap();
        // Long enough for the run to begin.
        (new.timeout, new.max_attempts) = (Some(Duration::from_millis(500)), 3);
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.ends(id).await;
        let ended = row(&app, id).await;
        assert_eq!((ended.state(), ended.attempt), (OperationState::FinishedError, 1));
        let message = "Stopped because it took longer than 0.5 s. Part of it may still be running.";
        assert_eq!(ended.error_message.as_deref(), Some(message));
        assert_eq!(ended.status_text, CANNOT_BE_STOPPED);
        assert!(log_of(&app, id).await.contains(CANNOT_BE_STOPPED));
        let page = app.get(&app.liveops.url(Holding::OP_TYPE, id)).await.body;
        assert!(page.contains(message) && page.contains(CANNOT_BE_STOPPED), "{page}");

        // Its slot was the only one.
        let other = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        app.reaches(other, OperationState::FinishedOk).await;

        app.gate.open(1);
        app.gate.pass().await;
        assert_eq!(row(&app, id).await, ended, "late reports change nothing");
        let page = app.get(&app.liveops.url(Holding::OP_TYPE, id)).await.body;
        assert!(!page.contains("late"), "{page}");
    }

    async fn a_run_that_cannot_be_aborted_is_cancelled_and_says_so(db: TestDatabase) {
        let app = app_on(&db, |config| {
            config.stop_timeout = Duration::from_secs(1);
            config.abort_grace = Duration::ZERO;
        })
        .await;
        let id = app.liveops.enqueue(HoldingOn {}, "ann").await.unwrap();
        app.reports::<HoldingOn>(id, "holding on").await;
        app.liveops.cancel(id).await.unwrap();
        app.reaches(id, OperationState::Cancelled).await;
        let ended = row(&app, id).await;
        assert_eq!((ended.error_message, &*ended.status_text), (None, CANNOT_BE_STOPPED));
        assert!(log_of(&app, id).await.contains(CANNOT_BE_STOPPED));
        app.gate.open(1);
    }

    async fn a_loop_without_an_await_ends_with_its_timeout(db: TestDatabase) {
        let app = app_on(&db, |config| config.stop_timeout = Duration::from_secs(30)).await;
        let mut new = NewOperation::new(&Looping {}, "ann").unwrap();
        new.timeout = Some(Duration::from_millis(20));
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.ends(id).await;
        let message = "Stopped because it took longer than 0.02 s.";
        assert_eq!(row(&app, id).await.error_message.as_deref(), Some(message));
        assert!(!log_of(&app, id).await.contains(CANNOT_BE_STOPPED));
    }

    async fn a_closure_ends_with_the_timeout_of_its_run(db: TestDatabase) {
        let app = app_on(&db, |config| config.stop_timeout = Duration::from_secs(30)).await;
        let mut new = NewOperation::new(&Closure { panics: false }, "ann").unwrap();
        new.timeout = Some(Duration::from_millis(20));
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.ends(id).await;
        let message = "Stopped because it took longer than 0.02 s.";
        assert_eq!(row(&app, id).await.error_message.as_deref(), Some(message));
    }

    async fn a_run_has_not_ended_before_its_closures(db: TestDatabase) {
        let app = app_on(&db, |config| config.lease = Duration::from_secs(1)).await;
        let id = app.liveops.enqueue(Leaving {}, "ann").await.unwrap();
        app.reports::<Leaving>(id, "returned").await;
        is_renewed(&app, id, 2).await;
        assert_eq!(row(&app, id).await.state(), OperationState::Started);
        app.gate.open(1);
        app.reaches(id, OperationState::FinishedOk).await;
        let ended = row(&app, id).await;
        assert_eq!(ended.output::<u32>().unwrap(), Some(7));
        assert!(log_of(&app, id).await.contains("the closure has ended"), "{ended:?}");
    }

    async fn a_shutdown_hands_no_run_back_before_its_closures_have_ended(db: TestDatabase) {
        let app = app_on(&db, |config| config.lease = Duration::from_secs(1)).await;
        let mut new = NewOperation::new(&Leaving {}, "ann").unwrap();
        new.max_attempts = 2;
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.reports::<Leaving>(id, "returned").await;
        let liveops = app.liveops.clone();
        let stopping = tokio::spawn(async move { liveops.shutdown(Duration::ZERO).await });
        // Another process, which would begin what is handed back.
        let elsewhere = app.elsewhere(with_all);
        elsewhere.start_worker();
        is_renewed(&app, id, 4).await;
        let running = row(&app, id).await;
        assert_eq!((running.state(), running.attempt), (OperationState::Started, 1));
        app.gate.open(1);
        stopping.await.unwrap();
        let ended = row(&app, id).await;
        assert_eq!((ended.state(), ended.attempt), (OperationState::FinishedOk, 1));
    }

    /// As at the end of `#[tokio::main]` without a shutdown, which waits for such closures and threads.
    async fn code_that_outlives_its_runtime_keeps_its_lease(db: TestDatabase) {
        let elsewhere = app_on(&db, |config| config.lease = Duration::from_secs(1)).await;
        let runtime = runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let url = db.url();
        let gate = elsewhere.gate.clone();
        let _end_holds = EndHolds(gate.clone());
        let begun = runtime.spawn(async move {
            let config = Config::default().with_lease(Duration::from_secs(1));
            let app = TestApp::on(&url, |builder| {
                with_all(builder.state(gate.clone())).config(config)
            });
            let app = app.await;
            app.liveops.start_worker();
            let (mut closure, mut thread) = (
                NewOperation::new(&Leaving {}, "ann").unwrap(),
                NewOperation::new(&holding(), "ann").unwrap(),
            );
            (closure.max_attempts, thread.max_attempts) = (2, 2);
            let closure = app.liveops.enqueue_new(closure).await.unwrap().operation_id();
            app.reports::<Leaving>(closure, "returned").await;
            let thread = app.liveops.enqueue_new(thread).await.unwrap().operation_id();
            app.reports::<Holding>(thread, "in poll 1").await;
            [closure, thread]
        });
        let begun = begun.await.unwrap();
        runtime.shutdown_background();
        elsewhere.liveops.start_worker();
        for id in begun {
            // For longer than the lease.
            is_renewed(&elsewhere, id, 6).await;
            let running = row(&elsewhere, id).await;
            assert_eq!((running.state(), running.attempt), (OperationState::Started, 1));
        }
        // For both attempts at both.
        elsewhere.gate.open(4);
        for id in begun {
            let ended = async || row(&elsewhere, id).await.state().is_terminal();
            until("the next attempt ends", ended).await;
            let ended = row(&elsewhere, id).await;
            assert_eq!((ended.state(), ended.attempt), (OperationState::FinishedOk, 2));
        }
    }
}

#[tokio::test]
async fn a_run_that_holds_its_thread_keeps_its_lease_after_the_shutdown() {
    let app = app(|config| config.lease = Duration::from_secs(1)).await;
    let mut new = NewOperation::new(&holding(), "ann").unwrap();
    new.max_attempts = 2;
    let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
    app.reports::<Holding>(id, "in poll 1").await;
    app.liveops.shutdown(Duration::ZERO).await;
    // As the command line does after it has served. The first call has waited for ten seconds.
    let again = timeout(Duration::from_secs(5), app.liveops.shutdown(Duration::ZERO)).await;
    assert!(again.is_ok(), "the second call waits for the run once more");
    let gate = app.gate.clone();
    let elsewhere = app.elsewhere(|builder| with_all(builder.state(gate)));
    elsewhere.start_worker();
    // For longer than the lease.
    is_renewed(&app, id, 6).await;
    let running = row(&app, id).await;
    assert_eq!((running.state(), running.attempt), (OperationState::Started, 1));

    // The other process begins the operation only now.
    app.gate.open(1);
    until("the run has left its thread", async || row(&app, id).await.attempt == 2).await;
    app.gate.open(1);
    until("the run ends", async || row(&app, id).await.state().is_terminal()).await;
    let ended = row(&app, id).await;
    assert_eq!((ended.state(), ended.hand_backs), (OperationState::FinishedOk, 1));
}

#[tokio::test]
async fn a_panic_of_a_closure_is_the_error_of_its_run() {
    let app = app(|_| {}).await;
    let id = app.liveops.enqueue(Closure { panics: true }, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedError).await;
    let traceback = row(&app, id).await.traceback.unwrap();
    assert!(traceback.contains("the closure panics") && traceback.contains(file!()), "{traceback}");
}
