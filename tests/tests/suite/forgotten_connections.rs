//! Pooled connections to PostgreSQL that the network has forgotten, and requests that get no answer or no lock.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use liveops::{
    LiveOperation, OperationState, Progress, Run, RunResult, RunnerKind,
    runner::{CancelOutcome, RetryOutcome},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Answer, Greeting, TestApp},
    held_commits::HeldCommits,
    postgres::PostgresDatabase,
    proxy::Proxy,
    sql::value,
    until::until,
    within::within,
};

/// Less than the thirty seconds for which a pool waits for a connection.
const SOON: Duration = Duration::from_secs(25);

const CREATE: &str = "/live/test.greeting/";
const ANN: &str = r#"{"name":"Ann"}"#;

/// Has at most one unfinished operation for each input.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = "input", public)]
struct Unique {
    of: String,
}

impl Run for Unique {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// An application whose connections lead through a network.
struct Fragile {
    /// Dropped before the database.
    app: TestApp,
    network: Proxy,
    /// A connection that does not use the network.
    direct: DatabaseConnection,
    _database: PostgresDatabase,
}

impl Fragile {
    /// Starts an application whose pool tests connections before their use, as pools do by default, or not.
    async fn start(is_tested: bool) -> Option<Self> {
        let database = PostgresDatabase::create().await?;
        let network = Proxy::start(database.address()).await;
        let mut options = ConnectOptions::new(network.database_url(&database.url()));
        options.test_before_acquire(is_tested).sqlx_logging(false);
        let db = Database::connect(options).await.unwrap();
        let app =
            TestApp::over(db, |builder| builder.register::<Unique>().runner(RunnerKind::Worker))
                .await;
        let direct = Database::connect(database.url()).await.unwrap();
        Some(Self { app, network, direct, _database: database })
    }

    /// Forgets the connections of the pool, once all of them are back.
    async fn forget(&self) {
        let pool = self.app.db.get_postgres_connection_pool();
        until("no connection is in use", async || {
            usize::try_from(pool.size()).unwrap() == pool.num_idle()
        })
        .await;
        assert!(pool.num_idle() > 0);
        self.network.forget_connections();
    }

    async fn count(&self) -> u64 {
        self.app.liveops.count(&Default::default()).await.unwrap()
    }
}

#[track_caller]
fn is_busy(answer: &Answer) {
    answer.assert_busy();
    assert_eq!(answer.json()["error"]["code"], "busy");
}

#[tokio::test]
async fn requests_succeed_on_new_connections_after_the_network_forgot_the_old_ones() {
    let Some(fragile) = Fragile::start(true).await else { return };
    let Fragile { app, .. } = &fragile;
    let id = app.liveops.enqueue(Greeting { name: "Bob".into() }, "ann").await.unwrap();

    fragile.forget().await;
    let created = within(SOON, "an enqueue", app.post_json(CREATE, ANN)).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    fragile.forget().await;
    let cancelled = within(SOON, "a cancel", app.liveops.cancel(id)).await.unwrap();
    assert_eq!(cancelled, CancelOutcome::Cancelled);
    fragile.forget().await;
    within(SOON, "a retry", app.liveops.retry(id)).await.unwrap();
    fragile.forget().await;
    let page = within(SOON, "a page", app.get(&app.liveops.url(Greeting::OP_TYPE, id))).await;
    assert_eq!(page.status, StatusCode::OK);
    fragile.forget().await;
    let list = within(SOON, "a list", app.get("/live/")).await;
    assert_eq!(list.status, StatusCode::OK);
}

#[tokio::test]
async fn writes_without_an_answer_say_that_the_server_is_busy_and_change_nothing() {
    let Some(fragile) = Fragile::start(false).await else { return };
    let Fragile { app, .. } = &fragile;
    let id = app.liveops.enqueue(Greeting { name: "Bob".into() }, "ann").await.unwrap();
    let cancel = format!("{}cancel", app.liveops.url(Greeting::OP_TYPE, id));

    fragile.forget().await;
    let created = within(SOON, "an enqueue", app.post_json(CREATE, ANN)).await;
    is_busy(&created);
    // The next request has another connection.
    let created = within(SOON, "an enqueue", app.post_json(CREATE, ANN)).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    fragile.forget().await;
    let cancelled = within(SOON, "a cancel", app.ask("POST", &cancel)).await;
    is_busy(&cancelled);
    assert_eq!(fragile.count().await, 2);
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::NotStarted);
}

#[tokio::test]
async fn the_pool_has_all_its_connections_again_after_the_network_forgot_them_in_use() {
    let Some(fragile) = Fragile::start(false).await else { return };
    let Fragile { app, .. } = &fragile;
    // Fifteen connections, because the pool has ten by default.
    for _ in 0..3 {
        let use_five = (0..5).map(|_| app.post_json(CREATE, ANN));
        futures_util::future::join_all(use_five).await;
        fragile.forget().await;
        let lost = (0..5).map(|_| app.post_json(CREATE, ANN));
        within(SOON, "an enqueue", futures_util::future::join_all(lost)).await;
    }
    let began_on = Instant::now();
    for _ in 0..20 {
        let created = within(SOON, "an enqueue", app.post_json(CREATE, ANN)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    }
    assert!(began_on.elapsed() < Duration::from_secs(8), "{:?}", began_on.elapsed());
}

#[tokio::test]
async fn an_enqueue_whose_answer_the_network_forgot_is_one_operation() {
    let Some(fragile) = Fragile::start(false).await else { return };
    let Fragile { app, network, direct, .. } = &fragile;
    let held = HeldCommits::hold(direct, "INSERT").await;
    let enqueue = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann");
    let lose = async {
        held.until_one_waits().await;
        network.forget_connections();
        held.release().await;
    };
    let (id, ()) = within(SOON, "an enqueue", async { tokio::join!(enqueue, lose) }).await;
    assert!(app.liveops.find(id.unwrap()).await.unwrap().is_some());
    assert_eq!(fragile.count().await, 1);
}

#[tokio::test]
async fn a_retry_whose_answer_the_network_forgot_succeeds() {
    let Some(fragile) = Fragile::start(false).await else { return };
    let Fragile { app, network, direct, .. } = &fragile;
    let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    app.liveops.cancel(id).await.unwrap();
    let held = HeldCommits::hold(direct, "UPDATE").await;
    let lose = async {
        held.until_one_waits().await;
        network.forget_connections();
        held.release().await;
    };
    let retry = async { tokio::join!(app.liveops.retry(id), lose) };
    let (retried, ()) = within(SOON, "a retry", retry).await;
    assert!(matches!(retried, Ok(RetryOutcome::Retried)), "{retried:?}");
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!((row.attempt, row.state()), (2, OperationState::NotStarted));
}

#[tokio::test]
async fn a_write_that_waits_for_a_lock_too_long_is_given_up_by_the_server_too() {
    let Some(fragile) = Fragile::start(true).await else { return };
    let Fragile { app, direct, .. } = &fragile;
    let waiting = app.liveops.enqueue(Greeting { name: "Bob".into() }, "ann").await.unwrap();
    let cancel = format!("{}cancel", app.liveops.url(Greeting::OP_TYPE, waiting));

    let held = app.db.begin().await.unwrap();
    let key = Unique { of: "X".into() };
    app.liveops.enqueue_in(&held, key, "ann").await.unwrap();
    held.execute_unprepared("SELECT * FROM liveops_operation FOR UPDATE").await.unwrap();
    let (created, cancelled) = within(SOON, "a write", async {
        tokio::join!(app.post_json("/live/test.unique/", r#"{"of":"X"}"#), app.ask("POST", &cancel))
    })
    .await;
    is_busy(&created);
    is_busy(&cancelled);
    held.rollback().await.unwrap();
    let lingers = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state <> 'idle' \
        AND datname = current_database() AND pid <> pg_backend_pid())";
    until("no statement is left", async || !value::<bool>(direct, lingers).await).await;
    let count = "SELECT count(*) FROM liveops_operation";
    assert_eq!(value::<i64>(direct, count).await, 1);
    let row = app.liveops.find(waiting).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::NotStarted);
}
