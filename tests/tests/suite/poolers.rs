//! PgBouncer between an application and PostgreSQL.

use std::{error::Error, time::Duration};

use futures_util::future::join_all;
use liveops::{
    ChannelName, OperationState,
    channel::PostgresChannelLayer,
    store::{self, Migrator},
};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, TransactionTrait};
use tokio::time::timeout;

use crate::support::{
    app::{Greeting, Steps, TestApp},
    pgbouncer::{POOL_SIZE, PgBouncer},
    postgres::PostgresDatabase,
    sql::value,
    until::until,
};

/// Far longer than anything takes on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn operations_run_and_pages_follow_behind_a_pooler_in_session_mode() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(pooler) = PgBouncer::start(&database.url(), "session") else { return };
    let layer = store::connect(pooler.url()).await.unwrap();
    let app = TestApp::on(pooler.url(), |builder| {
        builder.channel_layer(PostgresChannelLayer::new(&layer).unwrap())
    })
    .await;
    let everything = async {
        let steps = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(steps, "in Load").await;
        app.gate.open(3);
        app.ends(steps).await;
        for _ in 0..20 {
            let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
            app.reaches(id, OperationState::FinishedOk).await;
        }
    };
    timeout(TIMEOUT, everything).await.expect("every operation ends");
}

/// Runs operations, one of them over two attempts, and many of them at once.
async fn run_everything(app: &TestApp) {
    let steps = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(steps, OperationState::Started).await;
    app.gate.open(3);
    app.ends(steps).await;
    app.liveops.retry(steps).await.unwrap();
    app.gate.open(3);
    app.until_row(steps, |row| row.attempt == 2 && row.state() == OperationState::FinishedOk).await;
    let greetings = (0..50).map(async |_| {
        let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        app.reaches(id, OperationState::FinishedOk).await;
    });
    join_all(greetings).await;
    let waiting = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(waiting, OperationState::Started).await;
    app.liveops.cancel(waiting).await.unwrap();
    app.reaches(waiting, OperationState::Cancelled).await;
}

/// Returns the rows of a query on every connection of the pooler to the server. Holds the connections, so that the
/// query runs on each.
async fn on_every_server_connection(pooler: &PgBouncer, query: &str) -> Vec<String> {
    let mut options = ConnectOptions::new(pooler.url());
    options.max_connections(u32::try_from(POOL_SIZE).unwrap());
    let db = Database::connect(options).await.unwrap();
    let transactions = join_all((0..POOL_SIZE).map(async |_| db.begin().await.unwrap())).await;
    let mut values = Vec::new();
    for transaction in &transactions {
        values.push(value::<String>(transaction, query).await);
    }
    values
}

/// Connects to the server directly, without the pooler.
async fn direct(database: &PostgresDatabase) -> DatabaseConnection {
    store::connect(&database.url()).await.unwrap()
}

#[tokio::test]
async fn operations_run_behind_a_pooler_with_prepared_statements_which_gets_no_settings() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(pooler) = PgBouncer::start_with_prepared_statements(&database.url(), 100) else {
        return;
    };
    let app = TestApp::on(pooler.url(), |builder| builder).await;
    timeout(TIMEOUT, run_everything(&app)).await.expect("every operation ends");
    app.liveops.shutdown(Duration::ZERO).await;
    drop(app);

    let settings = "SELECT concat_ws(' ', current_setting('statement_timeout'), \
        current_setting('lock_timeout'), current_setting('synchronous_commit'), \
        current_setting('transaction_isolation'))";
    let expected = value::<String>(&direct(&database).await, settings).await;
    let found = on_every_server_connection(&pooler, settings).await;
    assert_eq!(found, vec![expected; POOL_SIZE]);
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(value::<String>(&direct(&database).await, locks).await, "0");
}

async fn layer_behind(pooler: &PgBouncer) -> PostgresChannelLayer {
    PostgresChannelLayer::new(&store::connect(pooler.url()).await.unwrap()).unwrap()
}

/// Checks that the channel layer refuses a pooler in transaction mode.
async fn says_why_it_cannot(app: &TestApp) {
    let error = app.liveops.health().await.channel_layer.unwrap_err();
    let source = error.source().unwrap().to_string();
    let said = format!("{error}: {source}");
    assert!(said.contains("a connection pooler in transaction mode is between"), "{said}");
    assert!(said.contains("a connection that leads to the server itself"), "{said}");
}

#[tokio::test]
async fn a_layer_behind_a_pooler_in_transaction_mode_says_why_it_cannot_deliver() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(pooler) = PgBouncer::start(&database.url(), "transaction") else { return };
    let layer = layer_behind(&pooler).await;
    let app = TestApp::on(&database.url(), |builder| builder.channel_layer(layer)).await;
    says_why_it_cannot(&app).await;
}

#[tokio::test]
async fn pages_follow_over_a_layer_past_the_pooler_and_one_behind_it_says_why_it_cannot() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(pooler) = PgBouncer::start_with_prepared_statements(&database.url(), 100) else {
        return;
    };
    let layer = PostgresChannelLayer::new(&direct(&database).await).unwrap();
    let app = TestApp::on(pooler.url(), |builder| builder.channel_layer(layer)).await;
    assert!(app.liveops.health().await.is_ready());
    let follows = async {
        let steps = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(steps, "in Load").await;
        app.gate.open(3);
        app.ends(steps).await;
    };
    timeout(TIMEOUT, follows).await.expect("the page follows");

    let layer = layer_behind(&pooler).await;
    let app = TestApp::on(pooler.url(), |builder| builder.channel_layer(layer)).await;
    says_why_it_cannot(&app).await;
    // Workers poll the queue.
    let ends = async {
        let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        until("the operation ends", async || {
            app.liveops.find(id).await.unwrap().unwrap().state().is_terminal()
        })
        .await;
        let subscribed = app.liveops.channel_layer().subscribe(&ChannelName::all()).await;
        assert!(subscribed.is_err());
    };
    timeout(TIMEOUT, ends).await.expect("the operation ends");
}

#[tokio::test]
async fn a_new_pooler_that_keeps_no_prepared_statements_is_refused_at_the_start() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(pooler) = PgBouncer::start_with_prepared_statements(&database.url(), 0) else {
        return;
    };
    is_refused(&pooler).await;
}

async fn is_refused(pooler: &PgBouncer) {
    for _ in 0..5 {
        let db = store::connect(pooler.url()).await.unwrap();
        let error = store::migrate::<Migrator>(&db).await.unwrap_err();
        let source = error.source().unwrap().to_string();
        let settings = "set `pool_mode = transaction` and `max_prepared_statements` in PgBouncer, \
                        of version 1.21 or newer, or `pool_mode = session`, or connect to the server";
        assert!(source.contains(settings), "{source}");
    }
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_refused_at_the_start() {
    let Some(database) = PostgresDatabase::create().await else { return };
    // Also on tables that need no migration.
    let direct = store::connect(&database.url()).await.unwrap();
    store::migrate::<Migrator>(&direct).await.unwrap();
    for mode in ["transaction", "statement"] {
        let Some(pooler) = PgBouncer::start(&database.url(), mode) else { return };
        is_refused(&pooler).await;
    }
}
