//! Nothing that an application or its database does costs a healthy run its lease.
//!
//! In each scene one process runs operations and another one, which could take them over, watches. The
//! scene goes on for three leases; afterwards the runs end well, in their first attempt.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use liveops::{
    Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    operation::NewOperation,
    runner::Builder,
    store::{self, Model},
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
};
use url::Url;

use crate::support::{
    app::{Gate, TestApp, Unstoppable},
    database::{TestDatabase, on_every_database},
    log::log_into,
    postgres::PostgresDatabase,
    proxy::Proxy,
    rows,
    until::until,
};

const LEASE: Duration = Duration::from_secs(2);

/// Waits until the gate opens, without any other sign of life.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct LongWait;

impl Run for LongWait {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        Ok(())
    }
}

/// Takes turns: one at a time.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = "input")]
struct Turn;

impl Run for Turn {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// Hands over to a [`Turn`] when the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct BeforeTurn;

impl Run for BeforeTurn {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        p.chain_to(Turn);
        Ok(())
    }
}

/// What the attempts at operations did, in the order in which they did it.
#[derive(Debug, Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    async fn says(&self, line: &str) {
        until(line, async || self.lines().iter().any(|written| written == line)).await;
    }
}

/// Writes down when an attempt begins and when it is over. Only the second attempt ends by itself.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Diary, max_attempts = 3)]
struct Noted;

impl Run for Noted {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let attempt = p.attempt().0;
        let _over = Over(attempt, p.state().clone());
        p.state().write(format!("{attempt} begins"));
        if attempt == 1 {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

struct Over(u32, Diary);

impl Drop for Over {
    fn drop(&mut self) {
        self.1.write(format!("{} is over", self.0));
    }
}

/// A process that runs operations, or watches those that do.
async fn process(
    url: &str,
    lease: Duration,
    change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
) -> TestApp {
    let config = Config::default().with_lease(lease).with_poll_interval(Duration::from_millis(20));
    TestApp::on(url, |builder| change(with_all(builder).config(config))).await
}

fn with_all(builder: Builder<Gate>) -> Builder<Gate> {
    builder.register::<LongWait>().register::<Turn>().register::<BeforeTurn>()
}

async fn worker(url: &str) -> TestApp {
    process(url, LEASE, |builder| builder).await
}

/// A process that takes over what is lost, but runs nothing that waits in the usual queue.
async fn watcher_with(url: &str, lease: Duration) -> TestApp {
    let config = Config::default()
        .with_lease(lease)
        .with_poll_interval(Duration::from_millis(20))
        .with_queues(["elsewhere"]);
    let watcher = process(url, lease, |builder| builder.config(config)).await;
    watcher.liveops.start_worker();
    watcher
}

async fn watcher(url: &str) -> TestApp {
    watcher_with(url, LEASE).await
}

/// Has a process run operations that wait for its gate.
async fn running(app: &TestApp, count: usize) -> Vec<OperationId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = app.liveops.enqueue(LongWait, "ann").await.unwrap();
        app.reaches(id, OperationState::Started).await;
        ids.push(id);
    }
    ids
}

/// Holds every connection of the pool.
async fn held_pool(app: &TestApp) -> Vec<DatabaseTransaction> {
    let mut held = Vec::new();
    while let Ok(transaction) = timeout(LEASE / 4, app.db.begin()).await {
        held.push(transaction.unwrap());
    }
    held
}

/// How long every scene goes on.
async fn three_leases_since(begun_on: Instant) {
    sleep_until(begun_on + 3 * LEASE).await;
}

async fn row(db: &DatabaseConnection, id: OperationId) -> rows::Model {
    use sea_orm::EntityTrait;
    rows::Entity::find_by_id(id.as_uuid()).one(db).await.unwrap().unwrap()
}

/// The operation as its end is read over `witness`.
async fn ended(witness: &TestApp, id: OperationId) -> Model {
    let find = async || witness.liveops.find(id).await.unwrap().unwrap();
    until("the operation has ended", async || find().await.state().is_terminal()).await;
    find().await
}

/// Lets the runs of `app` end, and expects that they do so in their first attempt.
async fn end_well(app: &TestApp, witness: &TestApp, ids: &[OperationId]) {
    app.gate.open(ids.len());
    for id in ids {
        let row = ended(witness, *id).await;
        assert_eq!(
            (row.state(), row.attempt, row.rescues),
            (OperationState::FinishedOk, 1, 0),
            "{row:?}"
        );
    }
}

/// A run whose worker is gone, with as many attempts as it needs.
async fn lost_run(app: &TestApp) -> OperationId {
    let mut new = NewOperation::new(&LongWait, "ann").unwrap();
    new.max_attempts = 9;
    // No worker claims it, neither before nor afterwards.
    new.run_after = Some(chrono::Utc::now() + Duration::from_secs(3_600));
    let id = app.elsewhere(with_all).enqueue_new(new).await.unwrap().operation_id();
    rows::claim(&app.db, id, "gone").await;
    id
}

/// Waits until a process has taken over a run that is really lost: so long it has watched all runs.
async fn takes_over_what_is_lost(watcher: &TestApp) {
    let lost = lost_run(watcher).await;
    until("the lost run is taken over", async || row(&watcher.db, lost).await.rescues == 1).await;
}

on_every_database! {
    async fn a_pool_that_the_application_holds_costs_no_lease(database: TestDatabase) {
        let app = worker(&database.url()).await;
        let runs = running(&app, 4).await;
        let watcher = watcher(&database.url()).await;
        let begun_on = Instant::now();
        let held = held_pool(&app).await;
        takes_over_what_is_lost(&watcher).await;
        three_leases_since(begun_on).await;
        drop(held);
        end_well(&app, &watcher, &runs).await;
    }

    async fn a_shorter_lease_that_is_rolled_out_costs_no_lease(database: TestDatabase) {
        let app = process(&database.url(), 9 * LEASE, |builder| builder).await;
        let runs = running(&app, 4).await;
        let watcher = watcher(&database.url()).await;
        // The old process renews its leases every third lease of its own.
        three_leases_since(Instant::now()).await;
        takes_over_what_is_lost(&watcher).await;
        end_well(&app, &watcher, &runs).await;
    }

    async fn runs_that_hold_every_thread_cost_no_lease(database: TestDatabase) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let watcher = watcher(&database.url()).await;
        let url = database.url();
        let started = runtime.spawn(async move {
            let app = worker(&url).await;
            let runs = running(&app, 1).await;
            (Arc::new(app), runs)
        });
        let (app, mut runs) = started.await.unwrap();
        for _ in 0..2 {
            let app = app.clone();
            let holds = async move { app.liveops.enqueue(Unstoppable, "ann").await.unwrap() };
            runs.push(runtime.spawn(holds).await.unwrap());
        }
        until("two runs hold the two threads", async || {
            let mut held = 0;
            for id in &runs[1..] {
                held += usize::from(row(&watcher.db, *id).await.started_on.is_some());
            }
            held == 2
        })
        .await;
        let begun_on = Instant::now();
        takes_over_what_is_lost(&watcher).await;
        three_leases_since(begun_on).await;
        end_well(&app, &watcher, &runs).await;
        drop(app);
        runtime.shutdown_background();
    }
}

/// A process with [`Noted`].
async fn noted(url: &str, diary: &Diary) -> TestApp {
    let state = diary.clone();
    process(url, LEASE, |builder| builder.state(state).register::<Noted>().state(Gate::new())).await
}

#[tokio::test]
async fn rows_that_the_application_locks_cost_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = worker(&database.url()).await;
    let runs = running(&app, 4).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    let transaction = app.db.begin().await.unwrap();
    let lock = format!("SELECT FROM liveops_operation WHERE id = '{}' FOR UPDATE", runs[0]);
    transaction.execute_unprepared(&lock).await.unwrap();
    takes_over_what_is_lost(&watcher).await;
    three_leases_since(begun_on).await;
    transaction.rollback().await.unwrap();
    // Time enough for whoever waited for the lock, or thought the lease expired.
    takes_over_what_is_lost(&watcher).await;
    end_well(&app, &watcher, &runs).await;
}

#[tokio::test]
async fn a_chain_that_waits_for_a_transaction_costs_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = worker(&database.url()).await;
    let chained = app.liveops.enqueue(BeforeTurn, "ann").await.unwrap();
    app.reaches(chained, OperationState::Started).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    let transaction = app.db.begin().await.unwrap();
    let turn = NewOperation::new(&Turn, "ann").unwrap();
    app.elsewhere(with_all).enqueue_new_in(&transaction, turn).await.unwrap();
    // It ends, and waits for the transaction to say who takes over.
    app.gate.open(1);
    let runs = running(&app, 4).await;
    takes_over_what_is_lost(&watcher).await;
    three_leases_since(begun_on).await;
    transaction.commit().await.unwrap();
    takes_over_what_is_lost(&watcher).await;
    end_well(&app, &watcher, &runs).await;
    end_well(&app, &watcher, &[chained]).await;
}

#[tokio::test]
async fn a_table_that_nobody_may_write_costs_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = worker(&database.url()).await;
    let runs = running(&app, 4).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    let transaction = app.db.begin().await.unwrap();
    // As an index that is built does: whoever reads goes on.
    let lock = "LOCK TABLE liveops_operation IN SHARE MODE";
    transaction.execute_unprepared(lock).await.unwrap();
    three_leases_since(begun_on).await;
    transaction.rollback().await.unwrap();
    takes_over_what_is_lost(&watcher).await;
    end_well(&app, &watcher, &runs).await;
}

#[tokio::test]
async fn a_database_that_can_only_be_read_costs_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = worker(&database.url()).await;
    let runs = running(&app, 4).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    read_only(&database, true).await;
    three_leases_since(begun_on).await;
    read_only(&database, false).await;
    takes_over_what_is_lost(&watcher).await;
    end_well(&app, &watcher, &runs).await;
}

/// Has every connection begin anew, with or without the right to write.
async fn read_only(database: &PostgresDatabase, on: bool) {
    let mut url = Url::parse(&database.url()).unwrap();
    let name = url.path().trim_start_matches('/').to_owned();
    // This connection may always write.
    url.query_pairs_mut().append_pair("options[default_transaction_read_only]", "off");
    let db = store::connect(url.as_str()).await.unwrap();
    let setting = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
    db.execute_unprepared(&setting).await.unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.execute_unprepared(others).await.unwrap();
    db.close().await.unwrap();
}

/// Locks a SQLite file for other writers.
async fn held_file(database: &TestDatabase) -> DatabaseTransaction {
    let mode = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
    database.connect().await.begin_with_options(options).await.unwrap()
}

#[tokio::test]
async fn a_file_that_somebody_else_writes_costs_no_lease() {
    let database = TestDatabase::sqlite_file();
    let app = worker(&database.url()).await;
    let runs = running(&app, 4).await;
    let watcher = watcher(&database.url()).await;
    let _more = [self::watcher(&database.url()).await, self::watcher(&database.url()).await];
    let begun_on = Instant::now();
    let transaction = held_file(&database).await;
    three_leases_since(begun_on).await;
    transaction.rollback().await.unwrap();
    takes_over_what_is_lost(&watcher).await;
    end_well(&app, &watcher, &runs).await;
}

/// Panics at the first messages about the heartbeat.
struct BreakingSubscriber(Arc<AtomicU32>);

impl<S: Subscriber> Layer<S> for BreakingSubscriber {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().ends_with("heartbeat") {
            let before = self.0.fetch_add(1, Ordering::Relaxed);
            assert!(before >= 3, "the subscriber broke");
        }
    }
}

#[tokio::test]
async fn a_subscriber_that_panics_costs_no_lease() {
    let messages = Arc::new(AtomicU32::new(0));
    let _log = log_into(Registry::default().with(BreakingSubscriber(messages.clone())));
    let database = TestDatabase::sqlite_file();
    let app = worker(&database.url()).await;
    let runs = running(&app, 4).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    let transaction = held_file(&database).await;
    // The heartbeat logs a warning for each renewal that fails.
    until("every panic has happened", async || messages.load(Ordering::Relaxed) > 3).await;
    transaction.rollback().await.unwrap();
    three_leases_since(begun_on).await;
    takes_over_what_is_lost(&watcher).await;
    end_well(&app, &watcher, &runs).await;
}

#[tokio::test]
async fn connections_that_deliver_nothing_any_more_cost_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let proxy = Proxy::start(database.address()).await;
    let app = worker(&proxy.database_url(&database.url())).await;
    let runs = running(&app, 4).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    proxy.forget_connections();
    let new = watcher.elsewhere(with_all).enqueue(LongWait, "ann").await.unwrap();
    let is_claimed =
        until("it is claimed", async || row(&watcher.db, new).await.started_on.is_some());
    assert!(timeout(2 * LEASE, is_claimed).await.is_ok(), "not claimed within two leases");
    takes_over_what_is_lost(&watcher).await;
    three_leases_since(begun_on).await;
    let runs: Vec<_> = runs.into_iter().chain([new]).collect();
    end_well(&app, &watcher, &runs).await;
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections_costs_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let proxy = Proxy::start(database.address()).await;
    let app = worker(&proxy.database_url(&database.url())).await;
    let watcher = watcher(&database.url()).await;
    let begun_on = Instant::now();
    // The pool has all its connections already, the heartbeat and the worker have none yet.
    drop(held_pool(&app).await);
    proxy.refuse_new();
    let runs = running(&app, 4).await;
    takes_over_what_is_lost(&watcher).await;
    three_leases_since(begun_on).await;
    end_well(&app, &watcher, &runs).await;
}

#[tokio::test]
async fn lost_runs_that_are_slow_to_take_over_cost_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = worker(&database.url()).await;
    let slow = "
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(0.1); RETURN new; END';
        CREATE TRIGGER slow BEFORE UPDATE ON liveops_operation FOR EACH ROW
            WHEN (old.rescues <> new.rescues) EXECUTE FUNCTION slow()";
    app.db.execute_unprepared(slow).await.unwrap();
    let mut lost = Vec::new();
    for _ in 0..40 {
        lost.push(lost_run(&app).await);
    }
    let runs = running(&app, 4).await;
    until("the first run is taken over", async || {
        let mut taken_over = false;
        for id in &lost {
            taken_over |= row(&app.db, *id).await.rescues > 0;
        }
        taken_over
    })
    .await;
    let watcher = watcher(&database.url()).await;
    for id in &lost {
        until("every run is taken over", async || row(&watcher.db, *id).await.rescues > 0).await;
    }
    end_well(&app, &watcher, &runs).await;
}

#[tokio::test]
async fn a_worker_that_cannot_reach_its_database_stops_its_runs() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let proxy = Proxy::start(database.address()).await;
    let diary = Diary::default();
    let app = noted(&proxy.database_url(&database.url()), &diary).await;
    let id = app.liveops.enqueue(Noted, "ann").await.unwrap();
    diary.says("1 begins").await;
    let elsewhere = noted(&database.url(), &diary).await;
    elsewhere.liveops.start_worker();
    proxy.swallow();
    diary.says("1 is over").await;
    let row = ended(&elsewhere, id).await;
    assert_eq!((row.state(), row.attempt, row.rescues), (OperationState::FinishedOk, 2, 1));
    proxy.forward();
    let mut lines = diary.lines();
    lines.sort();
    assert_eq!(lines, ["1 begins", "1 is over", "2 begins", "2 is over"]);
}

#[tokio::test]
async fn a_run_that_fenced_itself_off_is_begun_again_only_as_a_new_attempt() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let proxy = Proxy::start(database.address()).await;
    let diary = Diary::default();
    let app = noted(&proxy.database_url(&database.url()), &diary).await;
    let witness = process(&database.url(), LEASE, |builder| builder).await;
    let id = app.liveops.enqueue(Noted, "ann").await.unwrap();
    diary.says("1 begins").await;
    proxy.cut();
    diary.says("1 is over").await;
    assert_eq!(row(&witness.db, id).await.attempt, 1, "nobody else has taken the run over");
    proxy.forward();
    let row = ended(&witness, id).await;
    assert_eq!((row.state(), row.attempt), (OperationState::FinishedOk, 2), "{row:?}");
    assert_eq!(diary.lines(), ["1 begins", "1 is over", "2 begins", "2 is over"]);
}

/// A process whose worker is about to claim the three operations that it returns, and shuts down
/// meanwhile: the claim takes longer than the beginning of the shutdown.
async fn claiming(database: &PostgresDatabase, url: &str) -> (TestApp, Vec<OperationId>) {
    let app = process(url, 6 * LEASE, |builder| builder).await;
    let slow = "
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(0.3); RETURN new; END';
        CREATE TRIGGER slow BEFORE UPDATE ON liveops_operation FOR EACH ROW
            WHEN (old.started_on IS NULL AND new.started_on IS NOT NULL) EXECUTE FUNCTION slow()";
    app.db.execute_unprepared(slow).await.unwrap();
    let mut ids = Vec::new();
    let elsewhere = app.elsewhere(with_all);
    for _ in 0..3 {
        ids.push(elsewhere.enqueue(LongWait, "ann").await.unwrap());
    }
    app.liveops.start_worker();
    let witness = store::connect(&database.url()).await.unwrap();
    until("the claim is under way", async || {
        let sleeping = "SELECT FROM pg_stat_activity \
                        WHERE datname = current_database() AND wait_event = 'PgSleep'";
        let sleeping = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sleeping);
        !witness.query_all_raw(sleeping).await.unwrap().is_empty()
    })
    .await;
    (app, ids)
}

/// Expects that the operations wait, and that none has begun.
async fn wait_in_the_queue(db: &DatabaseConnection, ids: &[OperationId]) {
    for id in ids {
        let row = row(db, *id).await;
        assert_eq!((row.started_on, row.finished_on, row.rescues), (None, None, 0), "{row:?}");
    }
}

#[tokio::test]
async fn what_was_claimed_during_a_shutdown_is_put_back_though_the_database_refuses_once() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let (app, ids) = claiming(&database, &database.url()).await;
    let refuses_once = "
        CREATE SEQUENCE refusals;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN IF nextval(''refusals'') = 1 THEN RAISE ''not now''; END IF; RETURN new; END'";
    app.db.execute_unprepared(refuses_once).await.unwrap();
    // In another transaction than the claim, which holds the lock that the trigger needs.
    let trigger = "
        CREATE TRIGGER refuse BEFORE UPDATE ON liveops_operation FOR EACH ROW
            WHEN (old.started_on IS NOT NULL AND new.started_on IS NULL)
            EXECUTE FUNCTION refuse()";
    let creates = app.db.execute_unprepared(trigger);
    let shutdown = app.liveops.shutdown(Duration::from_secs(30));
    let (created, ()) = tokio::join!(creates, shutdown);
    created.unwrap();
    let refusals = "SELECT FROM refusals WHERE is_called";
    let refusals = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, refusals);
    assert_eq!(app.db.query_all_raw(refusals).await.unwrap().len(), 1, "the database refused");
    wait_in_the_queue(&app.db, &ids).await;
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_during_a_shutdown_is_put_back() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let proxy = Proxy::start(database.address()).await;
    let (app, ids) = claiming(&database, &proxy.database_url(&database.url())).await;
    proxy.forget_connections();
    app.liveops.shutdown(Duration::from_secs(30)).await;
    let db = store::connect(&database.url()).await.unwrap();
    wait_in_the_queue(&db, &ids).await;
}

#[tokio::test]
async fn an_application_that_is_gone_leaves_no_connection() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = worker(&database.url()).await;
    let runs = running(&app, 1).await;
    let witness = store::connect(&database.url()).await.unwrap();
    let connections = async || {
        let others = "SELECT FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let others = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, others);
        witness.query_all_raw(others).await.unwrap().len()
    };
    assert!(connections().await >= 3, "the pool, and those for leases and claims");
    app.gate.open(1);
    app.reaches(runs[0], OperationState::FinishedOk).await;
    app.db.close_by_ref().await.unwrap();
    drop(app);
    until("no connection is left", async || connections().await == 0).await;
}
