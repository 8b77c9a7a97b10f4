//! What becomes of an operation that fails, takes too long, is cancelled or loses its worker.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use liveops::{
    Backoff, LiveOperation, OperationId, OperationState, Progress, RetryContext, Run, RunError,
    RunResult, RunnerKind,
    operation::NewOperation,
    runner::{Builder, CancelOutcome, RetryOutcome},
    store::{self, Model},
};
use sea_orm::{ConnectionTrait, TransactionTrait, sea_query::Expr};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, Steps, TestApp},
    database::{TestDatabase, on_every_database},
    log::Log,
    rows,
    until::until,
};

const AT_ONCE: Backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO };

/// Fails as often as it is told to.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Try")]
#[liveop(app = "test", max_attempts = 5, backoff = "1 h..2 h")]
struct Flaky {
    failures: u32,
    is_final: bool,
}

impl Run for Flaky {
    type Output = u32;

    async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
        let attempt = p.attempt().0;
        p.stage(FlakyStage::Try, async {
            p.log(format!("this is attempt {attempt}"));
            match RunError::user("The service is busy.") {
                error if attempt <= self.failures && self.is_final => {
                    Err(error.without_next_attempt())
                }
                error if attempt <= self.failures => Err(error),
                _ => Ok(attempt),
            }
        })
        .await
    }
}

fn flaky(failures: u32) -> NewOperation {
    let mut new = NewOperation::new(&Flaky { failures, is_final: false }, "ann").unwrap();
    new.backoff = AT_ONCE;
    new
}

/// Says that it does not like to be cancelled.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Work")]
#[liveop(app = "test", max_attempts = 3)]
struct Sulky {}

impl Run for Sulky {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.log("begun");
        p.stage(SulkyStage::Work, async {
            p.cancelled().await;
            p.log("in the middle of it");
            Err(RunError::user("Somebody pulled the plug."))
        })
        .await
    }
}

/// Never looks whether it shall stop.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Hold out")]
#[liveop(app = "test", state = Gate, cancel = "abort", timeout = "1 day")]
struct Stubborn;

impl Run for Stubborn {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(StubbornStage::HoldOut, async {
            p.state().pass().await;
            Ok(())
        })
        .await
    }
}

/// Works in a thread that stops when it is told to, and opens the gate then.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, timeout = "2 s")]
struct Threaded;

impl Run for Threaded {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let thread = tokio::task::spawn_blocking(move || {
            while p.check_cancelled().is_ok() {
                std::thread::yield_now();
            }
            p.state().open(1);
        });
        Ok(thread.await?)
    }
}

/// Writes down in which order its kind is run.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Order)]
struct Ordered {
    name: String,
}

#[derive(Debug, Clone, Default)]
struct Order(Arc<Mutex<Vec<String>>>);

impl Run for Ordered {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().0.lock().unwrap().push(self.name.clone());
        Ok(())
    }
}

/// Is asked before it is run once more.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Asked {
    answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Answer {
    Yes,
    No,
    Broken,
}

impl Run for Asked {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }

    async fn on_retry(&self, retry: RetryContext<'_, Self>) -> RunResult<()> {
        // Whatever the answer is, something is written before it is given.
        rows::update(retry.id())
            .col_expr(rows::Column::Queue, Expr::value("asked"))
            .exec(retry.transaction())
            .await?;
        match self.answer {
            Answer::Yes => Ok(()),
            Answer::No => Err(RunError::user("A payment is made once.")),
            Answer::Broken => Err("the ledger is gone".into()),
        }
    }
}

fn with_all(builder: Builder<Gate>) -> Builder<Gate> {
    let builder =
        builder.register::<Flaky>().register::<Stubborn>().register::<Sulky>().register::<Asked>();
    builder.register::<Threaded>()
}

async fn app_on(db: &TestDatabase, change: impl FnOnce(&mut liveops::Config)) -> TestApp {
    let mut config = liveops::Config::default();
    config.poll_interval = Duration::from_millis(10);
    change(&mut config);
    TestApp::on(&db.url(), |builder| with_all(builder).config(config)).await
}

async fn row(app: &TestApp, id: OperationId) -> Model {
    app.liveops.find(id).await.unwrap().unwrap()
}

/// Waits until the page of an operation shows it in a stage.
async fn in_a_stage(app: &TestApp, id: OperationId) {
    let page = app.liveops.url(&row(app, id).await.op_type, id);
    let shown = async || app.get(&page).await.body;
    until("it is shown", async || shown().await.contains("aria-current=\"step\"")).await;
}

/// What a run of another process leaves behind: claimed, and never heard of again.
async fn lost_run(app: &TestApp, new: NewOperation) -> OperationId {
    let id = app.elsewhere(with_all).enqueue_new(new).await.unwrap().operation_id();
    rows::claim(&app.db, id, "gone").await;
    id
}

on_every_database! {
    async fn what_fails_is_tried_again_until_it_does_not(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue_new(flaky(2)).await.unwrap().operation_id();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!(row.state(), OperationState::FinishedOk, "{row:?}");
        assert_eq!((row.attempt, row.result_context, row.error_message), (3, Some(3.into()), None));
        let log = app.get(&format!("/live/test.flaky/{id}/log")).await.body;
        for line in ["this is attempt 1", "Attempt 1 of 5 failed, next attempt in 0 s: The service is busy.", "this is attempt 3"] {
            assert!(log.contains(line), "{line} is missing in {log}");
        }
    }

    async fn what_keeps_failing_fails_when_its_attempts_are_used_up(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let mut new = flaky(9);
        new.max_attempts = 2;
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.ends(id).await;
        let failed = row(&app, id).await;
        assert_eq!((failed.state(), failed.attempt), (OperationState::FinishedError, 2));
        assert_eq!(failed.error_message.as_deref(), Some("The service is busy."));

        // A user's retry has a budget of its own.
        app.liveops.retry(id).await.unwrap();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!((row.attempt, row.attempt - row.attempts_before), (4, 2));
    }

    async fn what_will_not_get_better_is_not_tried_again(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Flaky { failures: 9, is_final: true }, "ann").await.unwrap();
        app.ends(id).await;
        assert_eq!(row(&app, id).await.attempt, 1);
    }

    async fn what_waits_for_another_attempt_says_so_and_can_be_cancelled(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Flaky { failures: 9, is_final: false }, "ann").await.unwrap();
        app.until_row(id, |row| row.attempt == 2).await;
        let page = app.get(&format!("/live/test.flaky/{id}/")).await.body;
        for text in ["Attempt 2 of 5", "next attempt in ", "59 min", "The service is busy."] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let json = app.ask("GET", &format!("/live/test.flaky/{id}/")).await.json();
        assert_eq!((&json["state"], &json["attempts"]["number"]), (&"NOT_STARTED".into(), &2.into()));
        assert!(json["attempts"]["starts_on"].is_string(), "{json}");

        assert_eq!(app.liveops.cancel(id).await.unwrap(), CancelOutcome::Cancelled);
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.attempt), (OperationState::Cancelled, 2));
    }

    async fn a_run_that_fails_after_it_was_cancelled_is_not_tried_again(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Sulky {}, "ann").await.unwrap();
        app.liveops.start_worker();
        in_a_stage(&app, id).await;
        app.liveops.cancel(id).await.unwrap();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.attempt), (OperationState::FinishedError, 1), "{row:?}");
        let page = app.get(&app.liveops.url(Sulky::OP_TYPE, id)).await.body;
        assert!(page.contains("in the middle of it"), "{page}");
        assert!(!page.contains("next attempt"), "{page}");
    }

    async fn what_was_cancelled_is_not_begun_again_after_a_shutdown(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Stubborn, "ann").await.unwrap();
        app.liveops.start_worker();
        in_a_stage(&app, id).await;
        app.liveops.cancel(id).await.unwrap();
        app.liveops.shutdown(Duration::ZERO).await;
        assert_eq!(row(&app, id).await.state(), OperationState::Cancelled);
    }

    async fn what_was_cancelled_before_it_is_claimed_again_is_not_run(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.elsewhere(with_all).enqueue(Sulky {}, "ann").await.unwrap();
        rows::update(id)
            .col_expr(rows::Column::CancelRequested, Expr::value(true))
            .exec(&app.db)
            .await
            .unwrap();
        app.liveops.start_worker();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.attempt), (OperationState::Cancelled, 1), "{row:?}");
        assert!(!format!("{row:?}").contains("begun"), "{row:?}");
    }

    async fn what_takes_too_long_is_stopped(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let mut new = NewOperation::new(&Stubborn, "ann").unwrap();
        new.timeout = Some(Duration::from_millis(20));
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!(row.state(), OperationState::FinishedError);
        assert_eq!(
            row.error_message.as_deref(),
            Some("Stopped because it took longer than 0.02 s.")
        );
        assert_eq!(row.stage_states, serde_json::json!(["failed"]));
    }

    async fn what_does_not_look_is_stopped_all_the_same_where_its_type_says_so(db: TestDatabase) {
        let app = app_on(&db, |config| config.abort_grace = Duration::ZERO).await;
        let id = app.liveops.enqueue(Stubborn, "ann").await.unwrap();
        in_a_stage(&app, id).await;
        assert_eq!(app.liveops.cancel(id).await.unwrap(), CancelOutcome::Requested);
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.error_message), (OperationState::Cancelled, None));
        assert_eq!(row.stage_states, serde_json::json!(["cancelled"]));
        assert_eq!(app.liveops.cancel(id).await.unwrap(), CancelOutcome::Ended);
    }

    async fn a_cancel_request_that_only_the_row_knows_of_is_heard(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        in_a_stage(&app, id).await;
        // As another process would.
        assert_eq!(app.elsewhere(with_all).cancel(id).await.unwrap(), CancelOutcome::Requested);
        app.reaches(id, OperationState::Cancelled).await;
    }

    async fn a_run_whose_worker_is_gone_is_run_again_if_it_may_be(db: TestDatabase) {
        let app = app_on(&db, |config| config.lease = Duration::from_secs(1)).await;
        let mut new = flaky(0);
        new.max_attempts = 2;
        let id = lost_run(&app, new).await;
        app.liveops.start_worker();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!(row.state(), OperationState::FinishedOk);
        assert_eq!((row.attempt, row.rescues), (2, 1));
    }

    async fn a_run_whose_worker_is_gone_fails_if_it_may_not_be_run_again(db: TestDatabase) {
        let app = app_on(&db, |config| config.lease = Duration::from_secs(1)).await;
        let id = lost_run(&app, NewOperation::new(&Steps {}, "ann").unwrap()).await;
        app.liveops.start_worker();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!(row.error_message.as_deref(), Some("The worker stopped responding."));
        assert_eq!((row.attempt, row.attempt - row.attempts_before), (2, 1), "whatever the worker says is stale");
        let page = app.get(&format!("/live/test.steps/{id}/")).await.body;
        assert!(page.contains("Retry"), "{page}");
    }

    async fn a_run_that_was_cancelled_and_lost_is_cancelled(db: TestDatabase) {
        let app = app_on(&db, |config| config.lease = Duration::from_secs(1)).await;
        let id = lost_run(&app, flaky(0)).await;
        app.liveops.cancel(id).await.unwrap();
        app.liveops.start_worker();
        app.ends(id).await;
        assert_eq!(row(&app, id).await.state(), OperationState::Cancelled);
    }

    async fn what_keeps_killing_its_workers_is_given_up(db: TestDatabase) {
        let app = app_on(&db, |config| {
            config.lease = Duration::from_secs(1);
            config.rescues_max = 2;
        })
        .await;
        let id = lost_run(&app, flaky(0)).await;
        rows::update(id)
            .col_expr(rows::Column::Rescues, Expr::value(1))
            .exec(&app.db)
            .await
            .unwrap();
        app.liveops.start_worker();
        app.ends(id).await;
        let row = row(&app, id).await;
        let message = row.error_message.as_deref();
        assert_eq!(message, Some("The worker stopped responding in every attempt."));
    }

    async fn an_operation_may_take_along_as_many_workers_as_the_configuration_says(db: TestDatabase) {
        let app = app_on(&db, |config| {
            config.lease = Duration::from_secs(1);
            config.rescues_max = 1;
        })
        .await;
        let id = lost_run(&app, flaky(0)).await;
        app.liveops.start_worker();
        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.rescues), (OperationState::FinishedError, 1));
    }

    async fn a_worker_runs_what_it_claimed_though_the_answer_got_lost(db: TestDatabase) {
        let log = Log::begin();
        let app = app_on(&db, |_| {}).await;
        let first = app.liveops.enqueue_new(flaky(0)).await.unwrap().operation_id();
        app.ends(first).await;
        let worker = row(&app, first).await.worker.expect("it says who ran it");

        let away = "ALTER TABLE liveops_operation RENAME TO away";
        app.db.execute_unprepared(away).await.unwrap();
        until("a claim has failed", async || {
            log.lines().iter().any(|line| line.text.contains("could not claim operations"))
        })
        .await;

        // As if the claim that failed had been made: the worker gets to see all of it or nothing.
        let transaction = app.db.begin().await.unwrap();
        let back = "ALTER TABLE away RENAME TO liveops_operation";
        transaction.execute_unprepared(back).await.unwrap();
        let elsewhere = app.elsewhere(with_all);
        let enqueued = elsewhere.enqueue_new_in(&transaction, flaky(0)).await.unwrap();
        let id = enqueued.operation_id();
        let now = chrono::Utc::now();
        rows::update(id)
            .col_expr(rows::Column::StartedOn, Expr::value(now))
            .col_expr(rows::Column::LeaseUntil, Expr::value(now))
            .col_expr(rows::Column::Worker, Expr::value(worker))
            .exec(&transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();

        app.ends(id).await;
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.rescues), (OperationState::FinishedOk, 0), "it was never lost");
    }

    async fn more_important_operations_go_first_and_then_older_ones(db: TestDatabase) {
        let order = Order::default();
        let url = db.url();
        let connection = store::connect(&url).await.unwrap();
        let mut config = liveops::Config::default();
        config.concurrency_max = 1;
        config.queues = vec!["fast".to_owned(), "slow".to_owned()];
        let liveops = liveops::LiveOps::builder(connection)
            .state(order.clone())
            .register::<Ordered>()
            .runner(RunnerKind::Worker)
            .config(config)
            .build()
            .unwrap();
        liveops.migrate().await.unwrap();
        let mut last = None;
        for (name, queue, priority) in
            [("c", "slow", 0), ("d", "fast", 0), ("a", "fast", 9), ("x", "other", 99), ("b", "slow", 5), ("e", "fast", -1)]
        {
            let mut new = NewOperation::new(&Ordered { name: name.to_owned() }, "ann").unwrap();
            (new.queue, new.priority) = (queue.to_owned(), priority);
            last = Some(liveops.enqueue_new(new).await.unwrap().operation_id());
        }
        assert!(order.0.lock().unwrap().is_empty(), "only workers run what is enqueued");
        liveops.start_worker();
        let list = liveops::ChannelName::owner(&"ann".into());
        let mut changes = liveops.channel_layer().subscribe(&list).await.unwrap();
        while !liveops.find(last.unwrap()).await.unwrap().unwrap().state().is_terminal() {
            let _ = changes.next().await;
        }
        assert_eq!(*order.0.lock().unwrap(), ["a", "b", "c", "d", "e"]);
    }

    async fn an_operation_can_refuse_to_be_run_once_more(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        for answer in [Answer::Yes, Answer::No, Answer::Broken] {
            let id = app.liveops.enqueue(Asked { answer }, "ann").await.unwrap();
            app.ends(id).await;
            let before = row(&app, id).await;
            let answered = app.ask("POST", &format!("/live/test.asked/{id}/retry")).await;
            let (status, text) = match answer {
                Answer::Yes => (200, "\"attempt\":2"),
                Answer::No => (409, "A payment is made once."),
                Answer::Broken => (500, "Something went wrong on the server."),
            };
            assert_eq!(answered.status.as_u16(), status, "{}", answered.body);
            assert!(answered.body.contains(text), "{}", answered.body);
            assert!(!answered.body.contains("ledger"), "{}", answered.body);
            match answer {
                Answer::Yes => app.until_row(id, |row| row.queue == "asked" && row.state().is_terminal()).await,
                _ => assert_eq!(row(&app, id).await, before, "nothing of a refused retry stays"),
            }
        }
    }

    async fn a_retry_of_what_runs_is_refused(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reaches(id, OperationState::Started).await;
        assert_eq!(app.liveops.retry(id).await.unwrap(), RetryOutcome::Unfinished);
        assert_eq!(app.liveops.retry(OperationId::new()).await.unwrap(), RetryOutcome::Unknown);
    }

    async fn an_end_and_a_cancel_request_at_once_have_one_winner(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        for round in 0..40 {
            let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
            app.reaches(id, OperationState::Started).await;
            app.gate.open(3);
            for _ in 0..round % 8 {
                tokio::task::yield_now().await;
            }
            let cancelled = app.liveops.cancel(id).await.unwrap();
            app.ends(id).await;
            let ended = row(&app, id).await;
            match (cancelled, ended.state()) {
                (CancelOutcome::Ended, OperationState::FinishedOk)
                | (CancelOutcome::Requested, OperationState::FinishedOk | OperationState::Cancelled) => {}
                other => panic!("{other:?}"),
            }
            // What the gate let pass and nobody took is not for the next one.
            while app.gate.0.try_acquire().is_ok_and(|permit| { permit.forget(); true }) {}
            assert_eq!(row(&app, id).await, ended, "nothing is written after the end");
        }
    }
}

#[tokio::test]
async fn the_threads_of_a_run_that_was_stopped_hear_of_it() {
    let app = app_on(&TestDatabase::sqlite_memory(), |_| {}).await;
    let id = app.liveops.enqueue(Threaded, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedError).await;
    app.gate.pass().await;
}

#[tokio::test]
async fn an_eager_operation_is_tried_again_on_the_spot() {
    let app = TestApp::with(|builder| with_all(builder).runner(RunnerKind::Eager)).await;
    let id = app.liveops.enqueue_new(flaky(3)).await.unwrap().operation_id();
    let row = row(&app, id).await;
    assert_eq!((row.state(), row.attempt), (OperationState::FinishedOk, 4));
}
