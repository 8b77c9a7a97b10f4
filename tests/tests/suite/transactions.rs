//! Operations that are enqueued in a transaction of the application's.

use std::time::Duration;

use futures_util::FutureExt;
use liveops::{
    ChannelName, Config, LiveOperation, LiveOps, OperationId, OperationState, Progress, Run,
    RunResult, RunnerKind, UserId,
    channel::{Delivery, ListChange, Notice, Subscription},
    operation::NewOperation,
    runner::{Builder, EnqueueError},
    store::Enqueued,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, Greeting, TestApp},
    database::{TestDatabase, on_every_database},
};

/// An operation that the application of the tests does not register.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Stranger;

impl Run for Stranger {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// An application with a table of its own.
async fn with_uploads(
    db: &TestDatabase,
    change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
) -> TestApp {
    let app = TestApp::on(&db.url(), change).await;
    app.db.execute_unprepared("CREATE TABLE upload (file TEXT)").await.unwrap();
    app
}

async fn upload(connection: &impl ConnectionTrait) {
    connection.execute_unprepared("INSERT INTO upload VALUES ('scores.csv')").await.unwrap();
}

async fn uploads(db: &DatabaseConnection) -> usize {
    let select = sea_orm::Statement::from_string(db.get_database_backend(), "SELECT * FROM upload");
    db.query_all_raw(select).await.unwrap().len()
}

async fn begin(app: &TestApp) -> DatabaseTransaction {
    app.db.begin().await.unwrap()
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

async fn ended(app: &TestApp, id: OperationId) {
    app.reaches(id, OperationState::FinishedOk).await;
}

async fn list_of(app: &TestApp, owner: &str) -> Subscription {
    let list = ChannelName::owner(&UserId::from(owner));
    app.liveops.channel_layer().subscribe(&list).await.unwrap()
}

/// Whether a list has heard that its rows changed, and not more than that.
fn has_heard(list: &mut Subscription) -> bool {
    match list.next().now_or_never() {
        None => false,
        Some(Some(Ok(Delivery::Notice(Notice::List(ListChange::Rows | ListChange::Row(_)))))) => {
            true
        }
        Some(other) => panic!("{other:?}"),
    }
}

/// An operation that does not start for an hour: what a list hears of it is not that it started.
fn not_yet(owner: &str) -> NewOperation {
    let mut new = NewOperation::new(&greeting(), owner).unwrap();
    new.run_after = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
    new
}

on_every_database! {
    async fn what_is_committed_runs(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder).await;
        let transaction = begin(&app).await;
        upload(&transaction).await;
        let id = app.liveops.enqueue_in(&transaction, greeting(), "ann").await.unwrap();
        app.liveops.commit(transaction).await.unwrap();
        ended(&app, id).await;
        assert_eq!(uploads(&app.db).await, 1);
    }

    async fn what_is_rolled_back_never_ran(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder).await;
        let transaction = begin(&app).await;
        upload(&transaction).await;
        let id = app.liveops.enqueue_in(&transaction, greeting(), "ann").await.unwrap();
        transaction.rollback().await.unwrap();
        app.liveops.wake().await;
        let another = app.liveops.enqueue(greeting(), "ann").await.unwrap();
        ended(&app, another).await;
        assert_eq!(app.liveops.find(id).await.unwrap(), None);
        assert_eq!(uploads(&app.db).await, 0);
    }

    async fn nothing_is_shown_or_run_before_the_commit(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder).await;
        let somebody_else = LiveOps::builder(db.connect().await).build().unwrap();
        let mut list = list_of(&app, "ann").await;
        let transaction = begin(&app).await;
        let id = app.liveops.enqueue_in(&transaction, greeting(), "ann").await.unwrap();
        assert_eq!(somebody_else.find(id).await.unwrap(), None);
        assert!(!has_heard(&mut list));
        app.liveops.commit(transaction).await.unwrap();
        assert!(has_heard(&mut list));
        ended(&app, id).await;
    }

    async fn lists_hear_of_what_waits_when_it_is_committed(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder).await;
        let (mut anns, mut bobs) = (list_of(&app, "ann").await, list_of(&app, "bob").await);
        let rolled_back = begin(&app).await;
        app.liveops.enqueue_new_in(&rolled_back, not_yet("bob")).await.unwrap();
        rolled_back.rollback().await.unwrap();

        let transaction = begin(&app).await;
        for _ in 0..3 {
            app.liveops.enqueue_new_in(&transaction, not_yet("ann")).await.unwrap();
        }
        app.liveops.commit(transaction).await.unwrap();
        assert!(has_heard(&mut anns));
        assert!(!has_heard(&mut anns), "once is enough for all three");
        assert!(!has_heard(&mut bobs), "there is nothing new");
        app.liveops.wake().await;
        assert!(!has_heard(&mut anns), "it has heard of them");
    }

    async fn what_something_else_commits_runs_when_woken(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder).await;
        let liveops = app.liveops.clone();
        let id = app.db.transaction(|transaction| {
            Box::pin(async move { liveops.enqueue_in(transaction, greeting(), "ann").await })
        });
        let id = id.await.unwrap();
        app.liveops.wake().await;
        ended(&app, id).await;
    }

    async fn a_forgotten_wake_is_found(db: TestDatabase) {
        let mut config = Config::default();
        config.poll_interval = Duration::from_millis(20);
        let app = with_uploads(&db, |builder| builder.config(config)).await;
        let transaction = begin(&app).await;
        let id = app.liveops.enqueue_in(&transaction, greeting(), "ann").await.unwrap();
        transaction.commit().await.unwrap();
        ended(&app, id).await;
    }

    async fn one_that_nobody_runs_is_refused_and_the_transaction_goes_on(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder).await;
        let transaction = begin(&app).await;
        let refused = app.liveops.enqueue_in(&transaction, Stranger, "ann").await;
        assert!(matches!(refused, Err(EnqueueError::NotRegistered { .. })), "{refused:?}");
        upload(&transaction).await;
        app.liveops.commit(transaction).await.unwrap();
        assert_eq!(uploads(&app.db).await, 1);
    }

    async fn an_eager_operation_has_ended_when_it_is_committed(db: TestDatabase) {
        let app = with_uploads(&db, |builder| builder.runner(RunnerKind::Eager)).await;
        let transaction = begin(&app).await;
        let id = app.liveops.enqueue_in(&transaction, greeting(), "ann").await.unwrap();
        app.liveops.commit(transaction).await.unwrap();
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::FinishedOk);
    }
}

#[tokio::test]
async fn a_database_with_one_connection_is_enough() {
    let app = with_uploads(&TestDatabase::sqlite_memory(), |builder| builder).await;
    let transaction = begin(&app).await;
    upload(&transaction).await;
    let new = NewOperation::new(&greeting(), "ann").unwrap();
    let enqueued = app.liveops.enqueue_new_in(&transaction, new).await.unwrap();
    let Enqueued::New(row) = enqueued else { panic!("{enqueued:?}") };
    app.liveops.commit(transaction).await.unwrap();
    ended(&app, row.operation_id()).await;
}

/// SQLite has one writer at a time, and its pool one connection: no two of these, and nothing beside
/// them.
#[tokio::test]
async fn a_transaction_is_not_shown_or_run_by_the_commit_of_another() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let app = with_uploads(&db, |builder| builder).await;
    let (mut anns, mut bobs) = (list_of(&app, "ann").await, list_of(&app, "bob").await);
    let (first, second) = (begin(&app).await, begin(&app).await);
    let id = app.liveops.enqueue_in(&first, greeting(), "ann").await.unwrap();
    app.liveops.enqueue_new_in(&second, not_yet("bob")).await.unwrap();
    app.liveops.commit(second).await.unwrap();
    assert_eq!((has_heard(&mut anns), has_heard(&mut bobs)), (false, true));
    assert_eq!(app.liveops.find(id).await.unwrap(), None);
    app.liveops.commit(first).await.unwrap();
    assert_eq!((has_heard(&mut anns), has_heard(&mut bobs)), (true, false));
    ended(&app, id).await;
}

#[tokio::test]
async fn a_transaction_inside_of_another_commits_nothing_yet() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let app = with_uploads(&db, |builder| builder).await;
    let mut list = list_of(&app, "ann").await;
    let outer = begin(&app).await;
    let inner = outer.begin().await.unwrap();
    let id = app.liveops.enqueue_in(&inner, greeting(), "ann").await.unwrap();
    app.liveops.commit(inner).await.unwrap();
    assert_eq!(app.liveops.find(id).await.unwrap(), None);
    assert!(!has_heard(&mut list));
    app.liveops.commit(outer).await.unwrap();
    assert!(has_heard(&mut list));
    ended(&app, id).await;
}
