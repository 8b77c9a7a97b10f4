//! How operations are executed, and in which order that is written and shown.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use liveops::{
    Attempt, ChannelName, LiveOperation, LiveOps, OperationState, Progress, Run, RunResult,
    RunnerKind,
    channel::{Delivery, Fragment, OpenedBy, Payload, Signal},
    runner::{Builder, CancelOutcome},
    store,
    testing::StageOutcome,
};
use sea_orm::sea_query::Expr;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::support::{
    app::{ChainStart, Ending, Greeting, How, Steps, TestApp, Unstoppable},
    database::on_every_database,
    layer::HookedLayer,
    rows,
    until::until,
};

/// What was published, in a word, and what the row said then.
type Seen = Arc<Mutex<Vec<(&'static str, OperationState)>>>;

/// A channel layer that writes down what is committed when something is published.
fn watched(rows: LiveOps, seen: Seen) -> HookedLayer {
    HookedLayer::new(move |channel, payload| {
        let id = channel.operation_id().unwrap();
        let what = match payload {
            Payload::Signal(Signal::Finished(_)) => "finished",
            Payload::Signal(Signal::Chained(_)) => "chained",
            Payload::Fragments(fragments) if shows_an_ending(fragments) => "ending",
            Payload::Fragments(_) => "progress",
        };
        let (rows, seen) = (rows.clone(), seen.clone());
        Box::pin(async move {
            let committed = rows.find(id).await.unwrap().unwrap().state();
            seen.lock().unwrap().push((what, committed));
        })
    })
}

fn shows_an_ending(fragments: &[Fragment]) -> bool {
    fragments.iter().any(|fragment| fragment.html.contains("retry"))
}

#[tokio::test]
async fn an_ending_is_committed_before_anything_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("db.sqlite3").display());
    let seen = Seen::default();
    let rows = LiveOps::builder(store::connect(&url).await.unwrap()).build().unwrap();
    let layer = watched(rows, seen.clone());
    let app = TestApp::on(&url, |builder| builder.channel_layer(layer)).await;
    app.gate.open(4);
    let ends = [
        app.liveops.enqueue(Steps {}, "ann").await.unwrap(),
        app.liveops.enqueue(Ending { how: How::Panic }, "ann").await.unwrap(),
        app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap(),
    ];
    for id in ends {
        app.ends(id).await;
    }
    // The chain is the last thing its first link shows.
    let is_chained = || seen.lock().unwrap().iter().any(|(what, _)| *what == "chained");
    until("it is shown", async || is_chained()).await;
    let seen = seen.lock().unwrap().clone();
    for what in ["ending", "finished", "chained"] {
        assert!(seen.iter().any(|(seen, _)| *seen == what), "{what} is missing in {seen:?}");
    }
    for (what, committed) in seen.iter().filter(|(what, _)| *what != "progress") {
        assert!(committed.is_terminal(), "{what} was shown while the row said {committed}");
    }
}

#[tokio::test]
async fn an_operation_goes_through_its_stages() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    app.gate.open(3);
    app.reaches(id, OperationState::FinishedOk).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.stage_states, serde_json::json!(["done", "done", "done"]));
    assert_eq!((row.log_seq, row.percent), (3, Some(100.0)));
}

on_every_database! {
    async fn a_whole_life_is_lived(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder).await;
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reaches(id, OperationState::Started).await;
        app.liveops.cancel(id).await.unwrap();
        app.reaches(id, OperationState::Cancelled).await;

        app.liveops.retry(id).await.unwrap();
        app.reaches(id, OperationState::Started).await;
        app.gate.open(3);
        app.reaches(id, OperationState::FinishedOk).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.attempt, row.result_context), (2, Some(serde_json::json!(3))));

        let first = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
        app.gate.open(1);
        app.ends(first).await;
        let next = app.next_of(first).await.unwrap();
        app.reaches(next.operation_id(), OperationState::FinishedOk).await;
        let page = app.get(&app.liveops.url(&next.op_type, next.operation_id())).await;
        assert!(page.body.contains("Hello, Ann!"), "{}", page.body);
        let list = app.get("/live/?q=greet&state=FINISHED_OK").await;
        assert!(list.body.contains(&next.id.to_string()), "{}", list.body);
    }
}

#[tokio::test]
async fn an_eager_operation_has_ended_when_it_is_enqueued() {
    let app = TestApp::eager().await;
    let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedOk);
}

#[tokio::test]
async fn what_waited_when_the_application_stopped_runs_when_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("db.sqlite3").display());
    let stopped = LiveOps::builder(store::connect(&url).await.unwrap())
        .register::<Greeting>()
        .register::<Nowhere>()
        .runner(RunnerKind::Worker)
        .build()
        .unwrap();
    stopped.migrate().await.unwrap();
    let id = stopped.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    let foreign = stopped.enqueue(Nowhere, "ann").await.unwrap();

    let app = TestApp::on(&url, |builder| builder).await;
    app.liveops.start_worker();
    app.reaches(id, OperationState::FinishedOk).await;
    let row = app.liveops.find(foreign).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::NotStarted, "it is not ours to run");
}

#[tokio::test]
async fn no_more_operations_run_at_once_than_may() {
    let mut config = liveops::Config::default();
    config.concurrency_max = 2;
    let app = TestApp::with(|builder| builder.config(config)).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(app.liveops.enqueue(Steps {}, "ann").await.unwrap());
    }
    let started = async || {
        let mut count = 0;
        for id in &ids {
            let row = app.liveops.find(*id).await.unwrap().unwrap();
            count += usize::from(row.state() == OperationState::Started);
        }
        count
    };
    until("two have started", async || started().await == 2).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert_eq!(started().await, 2);
    }
    app.gate.open(12);
    for id in &ids {
        app.reaches(*id, OperationState::FinishedOk).await;
    }
}

#[tokio::test]
async fn a_waiting_operation_is_cancelled_at_once() {
    let mut config = liveops::Config::default();
    config.concurrency_max = 1;
    let app = TestApp::with(|builder| builder.config(config)).await;
    let running = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(running, OperationState::Started).await;
    let waiting = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    assert_eq!(app.liveops.cancel(waiting).await.unwrap(), CancelOutcome::Cancelled);
    assert_eq!(app.liveops.cancel(waiting).await.unwrap(), CancelOutcome::Ended);
    let row = app.liveops.find(waiting).await.unwrap().unwrap();
    assert_eq!((row.state(), row.started_on), (OperationState::Cancelled, None));
}

#[tokio::test]
async fn a_running_operation_stops_where_it_next_looks() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    assert_eq!(app.liveops.cancel(id).await.unwrap(), CancelOutcome::Requested);
    app.reaches(id, OperationState::Cancelled).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.error_message, None, "cancelled is no failure");
}

#[tokio::test]
async fn a_run_whose_row_was_taken_over_changes_nothing() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    rows::update(id).col_expr(rows::Column::Attempt, Expr::value(7)).exec(&app.db).await.unwrap();
    let before = app.liveops.find(id).await.unwrap().unwrap();

    let channel = ChannelName::operation(id);
    let mut frames = app.liveops.channel_layer().subscribe(&channel).await.unwrap();
    // The run hears at its next stage that it is no longer its own, and is not let go on.
    app.gate.open(1);
    let stopped = app.liveops.shutdown(Duration::MAX);
    timeout(Duration::from_secs(30), stopped).await.expect("the run is stopped where it is");
    assert_eq!(app.liveops.find(id).await.unwrap().unwrap(), before);
    app.liveops
        .channel_layer()
        .open(&channel, Attempt(7), OpenedBy::Run, Vec::new())
        .await
        .unwrap();
    loop {
        match frames.next().await.unwrap().unwrap() {
            Delivery::Frame(frame) if frame.cursor.epoch.attempt == Attempt(7) => break,
            Delivery::Frame(frame) => {
                assert!(!matches!(frame.payload, Payload::Signal(_)), "{frame:?}");
            }
            Delivery::Notice(_) => {}
        }
    }
}

#[tokio::test]
async fn a_run_that_outlasts_the_shutdown_waits_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("db.sqlite3").display());
    let app = TestApp::on(&url, |builder| builder).await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    app.liveops.shutdown(Duration::ZERO).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!((row.state(), row.worker), (OperationState::NotStarted, None));
    let page = app.get(&format!("/live/test.steps/{id}/")).await;
    assert!(page.body.contains("Waiting to start"), "{}", page.body);
    let later = app.liveops.enqueue(Steps {}, "ann").await.unwrap();

    let app = TestApp::on(&url, |builder| builder).await;
    app.liveops.start_worker();
    app.gate.open(6);
    for id in [id, later] {
        app.reaches(id, OperationState::FinishedOk).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.attempt - row.attempts_before, 1, "handing back costs no attempt");
    }
}

#[tokio::test]
async fn a_shutdown_lets_a_run_end() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    app.gate.open(3);
    app.liveops.shutdown(Duration::MAX).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedOk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_ends_while_it_is_being_stopped_has_ended() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Unstoppable, "ann").await.unwrap();
    let page = format!("/live/test.unstoppable/{id}/");
    until("it is shown", async || app.get(&page).await.body.contains("holding on")).await;
    let stopping = tokio::spawn({
        let liveops = app.liveops.clone();
        async move { liveops.shutdown(Duration::ZERO).await }
    });
    // Long enough for the shutdown to ask the run to stop; if it were not, the run would just end.
    for _ in 0..100_000 {
        tokio::task::yield_now().await;
    }
    app.gate.open(1);
    stopping.await.unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
}

#[tokio::test]
async fn an_operation_hands_over_to_the_next() {
    let app = TestApp::spawn().await;
    let first = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    app.gate.open(1);
    app.reaches(first, OperationState::FinishedOk).await;
    let next = app.next_of(first).await.expect("it was enqueued with the ending");
    assert_eq!((next.op_type.as_str(), next.owner.as_str()), ("test.greeting", "ann"));
    app.reaches(next.operation_id(), OperationState::FinishedOk).await;
}

/// Wants to hand over to an operation that nobody registered.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct ChainToNowhere;

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Nowhere;

impl Run for ChainToNowhere {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.chain_to(Nowhere);
        Ok(())
    }
}

impl Run for Nowhere {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_chain_to_what_nobody_registered_fails_and_says_so_to_staff() {
    let app = TestApp::with(Builder::register::<ChainToNowhere>).await;
    let id = app.liveops.enqueue(ChainToNowhere, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedError).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.traceback.unwrap(), "chained to `test.nowhere`, which is not registered");
    assert_eq!(app.next_of(id).await, None);
}

/// Those of one crate do not compile: `ui-tests/cases/names/fail/same_op_type.rs`.
#[tokio::test]
async fn two_types_with_one_op_type_in_two_crates_are_refused() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "demo", name = "quick_task")]
    struct HastyTask;

    impl Run for HastyTask {
        type Output = ();

        async fn run(&self, _: Progress<Self>) -> RunResult<()> {
            Ok(())
        }
    }

    let db = store::connect("sqlite::memory:").await.unwrap();
    let error = liveops::LiveOps::builder(db)
        .register::<demo::operations::QuickTask>()
        .register::<HastyTask>()
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("QuickTask") && error.contains("HastyTask"), "{error}");
    assert!(error.contains("`demo.quick_task`"), "{error}");
}

#[tokio::test]
async fn a_template_that_nobody_looks_up_is_refused() {
    let db = store::connect("sqlite::memory:").await.unwrap();
    let templates = liveops::Templates::new().result::<Steps>(|_, _| maud::html! {});
    let error = liveops::LiveOps::builder(db)
        .register::<Greeting>()
        .templates(templates)
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("template `test/steps_result.html`"), "{error}");
    assert!(error.contains("test/greeting_result.html"), "{error}");
}

#[tokio::test]
async fn a_stage_that_is_entered_with_a_token_is_shown_like_any_other() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[stages("Load data", "Save")]
    #[liveop(app = "test")]
    struct TwoSteps;

    impl Run for TwoSteps {
        type Output = ();

        async fn run(&self, p: Progress<Self>) -> RunResult<()> {
            let TwoStepsStages { load_data, save } = p.stages();

            p.enter(load_data, async { Ok(()) }).await?;
            p.enter(save, async { Err("the disk is full".into()) }).await
        }
    }

    let recording = liveops::testing::run(TwoSteps).await;
    let outcomes: Vec<_> = recording.stages().into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [StageOutcome::Done, StageOutcome::Failed]);
}

#[tokio::test]
async fn what_the_attribute_says_of_the_queue_is_in_the_row() {
    #[derive(LiveOperation, Serialize, Deserialize)]
    #[liveop(app = "test", queue = "mail", priority = -3, max_attempts = 5, version = 2)]
    struct Letter;

    impl Run for Letter {
        type Output = ();

        async fn run(&self, _: Progress<Self>) -> RunResult<()> {
            Ok(())
        }
    }

    let app = TestApp::with(Builder::register::<Letter>).await;
    let id = app.liveops.enqueue(Letter, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!((row.queue.as_str(), row.priority), ("mail", -3));
    assert_eq!((row.max_attempts, row.payload_version), (5, 2));
}
