//! What clients and operations see of a server that is stopped for a new version.

use std::time::Duration;

use liveops::{
    Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    operation::NewOperation, store::Model,
};
use sea_orm::{TransactionTrait, sea_query::Expr};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::support::{
    app::{Gate, Steps, TestApp},
    database::{TestDatabase, on_every_database},
    events::Events,
    rows,
    served::{Served, is_subscribed},
};

/// Says that it has begun, and waits at the gate.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Waiting {}

impl Run for Waiting {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.log("begun");
        p.status("waiting at the gate");
        p.state().pass().await;
        Ok(())
    }
}

async fn app_on(db: &TestDatabase, change: impl FnOnce(&mut Config)) -> TestApp {
    let mut config = Config::default();
    change(&mut config);
    TestApp::on(&db.url(), |builder| builder.register::<Waiting>().config(config)).await
}

/// Enqueues an operation with this many attempts, and waits until it has begun.
async fn begun(app: &TestApp, max_attempts: u32) -> OperationId {
    let mut new = NewOperation::new(&Waiting {}, "ann").unwrap();
    new.max_attempts = max_attempts;
    let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
    app.liveops.start_worker();
    app.reports::<Waiting>(id, "waiting at the gate").await;
    id
}

async fn row(app: &TestApp, id: OperationId) -> Model {
    app.liveops.find(id).await.unwrap().unwrap()
}

const STARTS_AGAIN: &str = "The server restarted; the operation starts again.";

#[tokio::test]
async fn a_shutdown_sends_every_client_away_to_come_again() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    let list = served.server.url("/live/events");
    let operation = served.server.url(&format!("/live/test.steps/{id}/events"));
    let mut streams = [Events::open(&list, &[]).await, Events::open(&operation, &[]).await];

    served.app.liveops.shutdown(Duration::from_millis(100)).await;
    assert_eq!(socket.closed().await, 1012);
    for stream in &mut streams {
        stream.ends().await;
    }
}

on_every_database! {
    async fn an_operation_with_one_attempt_is_interrupted_and_can_be_retried(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = begun(&app, 1).await;
        app.liveops.shutdown(Duration::ZERO).await;
        let ended = row(&app, id).await;
        assert_eq!((ended.state(), ended.attempt, ended.hand_backs), (OperationState::FinishedError, 1, 0));
        assert_eq!(ended.error_message.as_deref(), Some("Interrupted by a restart."));
        assert_eq!(app.log(id).await, ["begun"]);
        let page = app.get(&app.liveops.url(Waiting::OP_TYPE, id)).await.body;
        assert!(page.contains("Interrupted by a restart.") && page.contains("Retry"), "{page}");

        let next = app_on(&db, |_| {}).await;
        next.liveops.retry(id).await.unwrap();
        next.gate.open(1);
        next.liveops.start_worker();
        next.reaches(id, OperationState::FinishedOk).await;
    }

    async fn an_operation_with_attempts_left_goes_on_with_its_log(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = begun(&app, 2).await;
        app.liveops.shutdown(Duration::ZERO).await;
        let waiting = row(&app, id).await;
        assert_eq!((waiting.state(), waiting.hand_backs), (OperationState::NotStarted, 1));
        assert_eq!(app.log(id).await, ["begun", STARTS_AGAIN]);
        let path = app.liveops.url(Waiting::OP_TYPE, id);
        let page = app.get(&path).await.body;
        for text in [STARTS_AGAIN, "Attempt 1 of 2", "Restarts of the server: 1"] {
            assert!(page.contains(text), "no {text} in {page}");
        }
        assert_eq!(app.ask("GET", &path).await.json()["hand_backs"], 1);

        let next = app_on(&db, |_| {}).await;
        next.liveops.start_worker();
        next.reports::<Waiting>(id, "waiting at the gate").await;
        assert!(next.get(&path).await.body.contains("Restarts of the server: 1"));
        next.gate.open(1);
        next.reaches(id, OperationState::FinishedOk).await;
        let ended = row(&next, id).await;
        assert_eq!(app.log(id).await, ["begun", STARTS_AGAIN, "begun"]);
        assert_eq!(ended.attempt - ended.attempts_before, 1, "a hand-back costs no attempt");
    }

    async fn an_operation_that_may_be_requeued_goes_back_without_attempts_left(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(id, "in Load").await;
        app.liveops.shutdown(Duration::ZERO).await;
        let waiting = row(&app, id).await;
        assert_eq!((waiting.state(), waiting.hand_backs), (OperationState::NotStarted, 1));
        assert_eq!(app.log(id).await, ["entered Load", STARTS_AGAIN]);
    }

    async fn an_operation_is_handed_back_as_often_as_the_configuration_says(db: TestDatabase) {
        let app = app_on(&db, |config| config.hand_backs_max = 2).await;
        let id = begun(&app, 5).await;
        app.liveops.shutdown(Duration::ZERO).await;
        for expected in [OperationState::NotStarted, OperationState::FinishedError] {
            let next = app_on(&db, |config| config.hand_backs_max = 2).await;
            next.liveops.start_worker();
            next.reports::<Waiting>(id, "waiting at the gate").await;
            next.liveops.shutdown(Duration::ZERO).await;
            assert_eq!(row(&next, id).await.state(), expected);
        }
        let ended = row(&app, id).await;
        assert_eq!((ended.hand_backs, ended.attempt - ended.attempts_before), (2, 1));
        assert_eq!(ended.error_message.as_deref(), Some("Interrupted by a restart."));
    }

    async fn a_failure_after_hand_backs_has_its_attempts_left(db: TestDatabase) {
        let app = app_on(&db, |_| {}).await;
        let id = begun(&app, 2).await;
        rows::update(id).col_expr(rows::Column::HandBacks, Expr::value(9)).exec(&app.db).await.unwrap();
        app.liveops.shutdown(Duration::ZERO).await;
        let waiting = row(&app, id).await;
        assert_eq!((waiting.hand_backs, waiting.attempt - waiting.attempts_before), (10, 1));
    }
}

#[tokio::test]
async fn a_pool_that_the_application_holds_keeps_no_run_from_its_end() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let app = app_on(&db, |_| {}).await;
    let witness = app_on(&db, |_| {}).await;
    let (interrupted, handed_back) = (begun(&app, 1).await, begun(&app, 2).await);
    let mut held = Vec::new();
    while let Ok(transaction) = timeout(Duration::from_millis(200), app.db.begin()).await {
        held.push(transaction.unwrap());
    }
    app.liveops.shutdown(Duration::ZERO).await;
    let states =
        [row(&witness, interrupted).await.state(), row(&witness, handed_back).await.state()];
    assert_eq!(states, [OperationState::FinishedError, OperationState::NotStarted]);
    drop(held);
}
