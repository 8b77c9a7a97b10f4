//! The hooks of an application after the end of an operation: at least one call for each end, with one key, and none
//! that delays anything else.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use axum::http::HeaderValue;
use liveops::{
    Config, LiveOps, OperationId, OperationState, RunError, RunnerKind,
    operation::NewOperation,
    runner::{BuildError, Builder, CancelOutcome, Ended, OperationOutcome, RetryOutcome},
    store,
};
use sea_orm::{ConnectionTrait, Statement};

use crate::support::{
    app::{Ending, Gate, Greeting, How, Nothing, Steps, TestApp, request},
    database::{TestDatabase, on_every_database},
    log::Log,
    meter::Meter,
    rows,
    until::until,
};

const GRACE: Duration = Duration::from_secs(30);

/// The calls of a hook: the operation, its key and its state.
#[derive(Debug, Clone, Default)]
struct Calls(Arc<Mutex<Vec<(OperationId, String, OperationState)>>>);

impl Calls {
    fn note<Op: liveops::Run>(&self, ended: &Ended<Op>) {
        self.0.lock().unwrap().push((ended.id, ended.key.clone(), ended.state()));
    }

    fn all(&self) -> Vec<(OperationId, String, OperationState)> {
        self.0.lock().unwrap().clone()
    }

    fn of(&self, id: OperationId) -> Vec<(String, OperationState)> {
        let all = self.all().into_iter().filter(|(of, ..)| *of == id);
        all.map(|(_, key, state)| (key, state)).collect()
    }

    async fn reach(&self, count: usize) {
        until(&format!("there are {count} calls"), async || self.all().len() >= count).await;
    }
}

/// Adds hooks that note each call.
fn noting(calls: &Calls) -> impl FnOnce(Builder<Gate>) -> Builder<Gate> + use<> {
    let (first, second, third) = (calls.clone(), calls.clone(), calls.clone());
    move |builder| {
        builder
            .on_end::<Greeting>(move |ended| {
                first.note(&ended);
                async { Ok(()) }
            })
            .on_end::<Ending>(move |ended| {
                second.note(&ended);
                async { Ok(()) }
            })
            .on_end::<Steps>(move |ended| {
                third.note(&ended);
                async { Ok(()) }
            })
    }
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

fn quick() -> Config {
    let mut config = Config::default();
    (config.poll_interval, config.lease) = (Duration::from_millis(10), Duration::from_secs(1));
    config.hook_timeout = Duration::from_secs(1);
    config
}

/// Whether nothing is left in the outbox.
async fn is_settled(app: &TestApp) -> bool {
    let backend = app.db.get_database_backend();
    let count = Statement::from_string(backend, "SELECT COUNT(*) FROM liveops_outbox");
    let row = app.db.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index::<i64>(0).unwrap() == 0
}

on_every_database! {
    async fn each_end_is_one_call_with_one_key(db: TestDatabase) {
        let (calls, meter) = (Calls::default(), Meter::begin());
        let builder = |builder: Builder<Gate>| builder.config(quick()).runner(RunnerKind::Worker);
        let app = TestApp::on(&db.url(), |it| noting(&calls)(builder(it))).await;
        // The run of a worker that is gone.
        let lost = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        rows::claim(&app.db, lost, "gone").await;
        app.liveops.start_worker();
        let enqueue = async |new: NewOperation| app.liveops.enqueue_new(new).await.unwrap().operation_id();
        let of = |how| NewOperation::new(&Ending { how }, "ann").unwrap();
        let finished = enqueue(NewOperation::new(&greeting(), "ann").unwrap()).await;
        let failed = enqueue(of(How::UserError)).await;
        let panicked = enqueue(of(How::Panic)).await;
        let cancelled = enqueue(NewOperation::new(&Steps {}, "ann").unwrap()).await;
        app.reports::<Steps>(cancelled, "in Load").await;
        app.liveops.cancel(cancelled).await.unwrap();
        let mut new = NewOperation::new(&greeting(), "ann").unwrap();
        new.run_after = Some(chrono::Utc::now() + Duration::from_secs(3_600));
        let waiting = enqueue(new).await;
        assert_eq!(app.liveops.cancel(waiting).await.unwrap(), CancelOutcome::Cancelled);
        app.liveops.enqueue(Nothing, "ann").await.unwrap();

        calls.reach(6).await;
        until("the outbox is empty", async || is_settled(&app).await).await;
        app.liveops.shutdown(GRACE).await;
        let one = |id, attempt, state| assert_eq!(calls.of(id), [(format!("{id}-{attempt}"), state)]);
        one(finished, 1, OperationState::FinishedOk);
        one(failed, 1, OperationState::FinishedError);
        one(panicked, 1, OperationState::FinishedError);
        one(cancelled, 1, OperationState::Cancelled);
        one(waiting, 1, OperationState::Cancelled);
        one(lost, 2, OperationState::FinishedError);
        assert_eq!(calls.all().len(), 6);
        let labels = |outcome| [("op_type", "test.greeting"), ("receiver", "hook"), ("outcome", outcome)];
        let scrape = meter.scrape();
        assert_eq!(scrape.sum("liveops_end_dispatches_total", &labels("accepted")), 2.0);
        assert_eq!(scrape.sum("liveops_end_dispatches_total", &labels("failed")), 0.0);
    }

    async fn a_hook_has_the_input_the_outcome_and_the_times(db: TestDatabase) {
        let (sent, received) = tokio::sync::oneshot::channel();
        let sent = Arc::new(Mutex::new(Some(sent)));
        let app = TestApp::on(&db.url(), |builder| {
            builder.on_end::<Greeting>(move |ended| {
                let sent = sent.lock().unwrap().take().unwrap();
                async move { Ok(sent.send(ended).map_err(|_| "gone")?) }
            })
        })
        .await;
        let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
        let ended = received.await.unwrap();
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((ended.id, ended.owner.as_str(), &*ended.input.name), (id, "ann", "Ann"));
        assert_eq!((ended.started_on, Some(ended.finished_on)), (row.started_on, row.finished_on));
        let Some(greeted) = ended.outcome.output() else { panic!("it finished") };
        assert_eq!(greeted.greeting, "Hello, Ann!");
    }

    async fn a_retry_that_ends_again_has_another_key(db: TestDatabase) {
        let calls = Calls::default();
        let app = TestApp::on(&db.url(), noting(&calls)).await;
        let id = app.liveops.enqueue(Ending { how: How::UserError }, "ann").await.unwrap();
        calls.reach(1).await;
        assert_eq!(app.liveops.retry(id).await.unwrap(), RetryOutcome::Retried);
        calls.reach(2).await;
        let keys: BTreeSet<_> = calls.of(id).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), 2, "{keys:?}");
    }

    async fn an_end_that_another_process_commits_is_a_call_here(db: TestDatabase) {
        let calls = Calls::default();
        let app = TestApp::on(&db.url(), |builder| noting(&calls)(builder.config(quick()))).await;
        app.liveops.start_worker();
        let elsewhere = app.elsewhere(noting(&Calls::default()));
        let mut new = NewOperation::new(&greeting(), "ann").unwrap();
        new.run_after = Some(chrono::Utc::now() + Duration::from_secs(3_600));
        let id = elsewhere.enqueue_new(new).await.unwrap().operation_id();
        elsewhere.cancel(id).await.unwrap();
        calls.reach(1).await;
        assert_eq!(calls.of(id), [(format!("{id}-1"), OperationState::Cancelled)]);
    }

    async fn an_error_a_panic_and_a_timeout_are_repeated_with_the_same_key(db: TestDatabase) {
        let (calls, tries) = (Calls::default(), Arc::new(AtomicU32::new(0)));
        let (noted, counted) = (calls.clone(), tries.clone());
        let (log, meter) = (Log::begin(), Meter::begin());
        let app = TestApp::on(&db.url(), |builder| {
            builder.config(quick()).on_end::<Greeting>(move |ended| {
                noted.note(&ended);
                let number = counted.fetch_add(1, Ordering::Relaxed);
                async move {
                    match number {
                        0 => Err("the mail server is down".into()),
                        1 => panic!("the hook panics"),
                        2 => std::future::pending().await,
                        _ => Ok(()),
                    }
                }
            })
        })
        .await;
        let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
        calls.reach(4).await;
        until("the outbox is empty", async || is_settled(&app).await).await;
        let end = (format!("{id}-1"), OperationState::FinishedOk);
        assert_eq!(calls.of(id), vec![end; 4]);
        let lines: Vec<_> = log.lines().into_iter().filter(|line| line.text.contains("did not accept")).collect();
        for (line, error) in lines.iter().zip(["the mail server is down", "the hook panics", "did not return within 1s"]) {
            assert!(line.level == tracing::Level::WARN && line.text.contains(error), "{line:?}");
        }
        assert_eq!(lines.len(), 3);
        let labels = [("op_type", "test.greeting"), ("receiver", "hook"), ("outcome", "failed")];
        assert_eq!(meter.scrape().sum("liveops_end_dispatches_total", &labels), 3.0);
    }

    async fn a_final_error_is_the_last_call(db: TestDatabase) {
        let (calls, log) = (Calls::default(), Log::begin());
        let noted = calls.clone();
        let app = TestApp::on(&db.url(), |builder| {
            builder.config(quick()).on_end::<Greeting>(move |ended| {
                noted.note(&ended);
                async { Err(RunError::user("no such address").without_next_attempt()) }
            })
        })
        .await;
        let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
        until("the outbox is empty", async || calls.all().len() == 1 && is_settled(&app).await).await;
        let errors: Vec<_> = log.lines().into_iter().filter(|line| line.level == tracing::Level::ERROR).collect();
        assert!(matches!(&errors[..], [line] if line.text.contains("no such address")), "{errors:?}");
        let mut request = request("GET", &app.liveops.url("test.greeting", id));
        request.headers_mut().insert("x-user", HeaderValue::from_static("admin"));
        let page = app.send(request).await;
        assert!(page.body.contains("Hook after the end given up"), "{}", page.body);
    }

    async fn an_end_whose_hook_was_killed_is_a_call_again(db: TestDatabase) {
        let calls = Calls::default();
        let app = TestApp::on(&db.url(), |builder| {
            noting(&calls)(builder.config(quick()).runner(RunnerKind::Worker))
        })
        .await;
        let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
        app.liveops.cancel(id).await.unwrap();
        // As a process that has claimed the entry and is gone.
        let due_on = chrono::Utc::now() + Duration::from_secs(1);
        let claim = "UPDATE liveops_outbox SET tries = 1, due_on = $1";
        let backend = app.db.get_database_backend();
        let claim = Statement::from_sql_and_values(backend, claim, [due_on.into()]);
        app.db.execute_raw(claim).await.unwrap();
        app.liveops.start_worker();
        calls.reach(1).await;
        until("the outbox is empty", async || is_settled(&app).await).await;
        assert_eq!(calls.of(id), [(format!("{id}-1"), OperationState::Cancelled)]);
    }
}

/// Adds a hook of greetings that hangs, and notes the ends of the others.
async fn app_with_hanging_hook(
    hang: impl Fn() -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
) -> (TestApp, Calls) {
    let calls = Calls::default();
    let noted = calls.clone();
    let app = TestApp::with(|builder| {
        builder
            .on_end::<Greeting>(move |_| {
                let hanging = hang();
                async move {
                    hanging.await;
                    Ok(())
                }
            })
            .on_end::<Ending>(move |ended| {
                noted.note(&ended);
                async { Ok(()) }
            })
    })
    .await;
    (app, calls)
}

async fn others_go_on(app: &TestApp, calls: &Calls) {
    // More than the calls that a hook has at once.
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(app.liveops.enqueue(greeting(), "ann").await.unwrap());
    }
    ids.push(app.liveops.enqueue(Ending { how: How::UserError }, "ann").await.unwrap());
    ids.push(app.liveops.enqueue(Nothing, "ann").await.unwrap());
    for id in ids {
        app.ends(id).await;
    }
    calls.reach(1).await;
}

#[tokio::test]
async fn a_hook_that_hangs_delays_neither_runs_nor_other_hooks() {
    let (app, calls) = app_with_hanging_hook(|| Box::pin(std::future::pending())).await;
    others_go_on(&app, &calls).await;
}

#[tokio::test]
async fn a_hook_that_holds_its_thread_delays_neither_runs_nor_other_hooks() {
    let is_over = Arc::new(AtomicU32::new(0));
    let held = is_over.clone();
    let (app, calls) = app_with_hanging_hook(move || {
        let held = held.clone();
        Box::pin(async move {
            while held.load(Ordering::Relaxed) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        })
    })
    .await;
    others_go_on(&app, &calls).await;
    is_over.store(1, Ordering::Relaxed);
}

#[tokio::test]
async fn a_shutdown_waits_for_the_hooks_of_the_ends_before_it() {
    let database = TestDatabase::sqlite_file();
    let calls = Calls::default();
    let noted = calls.clone();
    let slow = move |ended: Ended<Greeting>| {
        let noted = noted.clone();
        async move {
            tokio::task::yield_now().await;
            noted.note(&ended);
            Ok(())
        }
    };
    let app = TestApp::on(&database.url(), |builder| {
        let mut config = Config::default();
        // The end itself has to wake the dispatcher.
        config.poll_interval = Duration::from_secs(3_600);
        builder.config(config).on_end::<Greeting>(slow)
    })
    .await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(app.liveops.enqueue(greeting(), "ann").await.unwrap());
    }
    for id in &ids {
        app.reaches(*id, OperationState::FinishedOk).await;
    }
    app.liveops.shutdown(GRACE).await;
    assert_eq!(calls.all().len(), ids.len());
    assert!(is_settled(&app).await);
}

#[tokio::test]
async fn an_eager_enqueue_or_cancellation_returns_after_the_hook() {
    let calls = Calls::default();
    let app = TestApp::with(|builder| noting(&calls)(builder.runner(RunnerKind::Eager))).await;
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    assert_eq!(calls.of(id), [(format!("{id}-1"), OperationState::FinishedOk)]);
    let mut new = NewOperation::new(&greeting(), "ann").unwrap();
    new.run_after = Some(chrono::Utc::now() + Duration::from_secs(3_600));
    let id = app.elsewhere(noting(&calls)).enqueue_new(new).await.unwrap().operation_id();
    app.liveops.cancel(id).await.unwrap();
    assert_eq!(calls.of(id), [(format!("{id}-1"), OperationState::Cancelled)]);
}

#[tokio::test]
async fn a_hook_for_a_type_that_is_not_registered_is_refused() {
    let db = store::connect("sqlite::memory:").await.unwrap();
    let builder = LiveOps::builder(db).on_end::<Greeting>(async |_| Ok(()));
    let error = builder.build().unwrap_err();
    assert!(matches!(&error, BuildError::NotRegistered { .. }), "{error}");
    assert!(error.to_string().contains("test.greeting"), "{error}");
}

#[tokio::test]
async fn a_second_hook_for_a_type_is_refused() {
    let db = store::connect("sqlite::memory:").await.unwrap();
    let builder = LiveOps::builder(db).register::<Nothing>();
    let builder = builder.on_end::<Nothing>(async |_| Ok(())).on_end::<Nothing>(async |_| Ok(()));
    let error = builder.build().unwrap_err();
    assert!(matches!(error, BuildError::TwoHooks { op_type: "test.nothing" }), "{error}");
}

#[test]
fn an_outcome_has_the_state_of_its_end() {
    assert_eq!(OperationOutcome::Finished(7).state(), OperationState::FinishedOk);
    assert_eq!(
        OperationOutcome::<()>::Failed(String::new()).state(),
        OperationState::FinishedError
    );
    assert_eq!(OperationOutcome::<()>::Cancelled.state(), OperationState::Cancelled);
}
