//! PostgreSQL servers that are read-only for a time, as one that is recovering or was demoted.

use std::time::Duration;

use liveops::{LiveOps, OperationState, RunnerKind, store};
use sea_orm::ConnectionTrait;

use crate::{
    cluster::Cluster,
    support::{
        app::{Greeting, Steps, TestApp},
        need::need,
        postgres::PostgresDatabase,
        proxy::Proxy,
        sql::value,
        until::until,
    },
};

/// A primary server, its hot standby, and the network that leads to one of them.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    network: Proxy,
}

impl Pair {
    /// Starts both servers and connects the network to the primary. Returns `None` without a PostgreSQL.
    async fn start() -> Option<Self> {
        need("PostgreSQL", "LIVEOPS_TEST_POSTGRES_URL")?;
        // A standby receives only commits that are on disk.
        let primary = Cluster::start("-c synchronous_commit=on").unwrap();
        let standby = primary.start_standby().unwrap();
        let network = Proxy::start(primary.address()).await;
        Some(Self { primary, standby, network })
    }

    async fn app(&self, runner: RunnerKind) -> TestApp {
        let url = self.network.database_url(&self.primary.url());
        TestApp::on(&url, |builder| builder.runner(runner)).await
    }

    /// Waits until the standby has replayed everything that the primary has written.
    async fn is_replayed(&self) {
        const WRITTEN: &str = "SELECT pg_current_wal_flush_lsn()::text";
        let primary = store::connect(&self.primary.url()).await.unwrap();
        let standby = store::connect(&self.standby.url()).await.unwrap();
        let written = value::<String>(&primary, WRITTEN).await;
        let replayed = format!("SELECT (pg_last_wal_replay_lsn() >= '{written}'::pg_lsn)::text");
        until("the standby follows", async || value::<String>(&standby, &replayed).await == "true")
            .await;
    }
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

#[tokio::test]
async fn a_standby_is_not_ready_and_after_its_promotion_everything_goes_on() {
    let Some(pair) = Pair::start().await else { return };
    let app = pair.app(RunnerKind::Spawn).await;
    let running = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(running, OperationState::Started).await;
    assert!(app.liveops.health().await.is_ready());
    pair.is_replayed().await;

    pair.primary.stop("immediate").unwrap();
    pair.network.cut();
    pair.network.lead_to(pair.standby.address());
    pair.network.forward();
    until("the standby answers", async || app.liveops.find(running).await.is_ok()).await;
    let error = app.liveops.health().await.database.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("the server is read-only or in recovery"), "{error}: {source}");
    app.liveops.enqueue(greeting(), "ann").await.unwrap_err();
    // The run ends, but the worker cannot write the ending yet.
    app.gate.open(3);

    pair.standby.promote().unwrap();
    app.reaches(running, OperationState::FinishedOk).await;
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
    assert!(app.liveops.health().await.is_ready());
    app.liveops.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn connections_to_a_standby_are_dropped_once_the_network_leads_to_the_primary() {
    let Some(pair) = Pair::start().await else { return };
    let app = pair.app(RunnerKind::Worker).await;
    pair.is_replayed().await;
    pair.network.cut();
    pair.network.lead_to(pair.standby.address());
    pair.network.forward();
    until("the standby answers", async || {
        app.liveops.count(&Default::default()).await.is_ok_and(|count| count == 0)
    })
    .await;
    assert!(app.liveops.health().await.database.is_err());
    // Opens connections of both kinds, which stay open.
    app.liveops.enqueue(greeting(), "ann").await.unwrap_err();
    app.liveops.count(&Default::default()).await.unwrap();

    pair.network.lead_to(pair.primary.address());
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    assert!(app.liveops.find(id).await.unwrap().is_some());
    assert!(app.liveops.health().await.is_ready());
    app.liveops.cancel(id).await.unwrap();
}

#[tokio::test]
async fn a_connection_to_a_server_that_was_read_only_is_not_used_on() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let admin = TestApp::on(&database.url(), |builder| builder).await.db;
    let name = value::<String>(&admin, "SELECT current_database()::text").await;
    let set = async |value: &str| {
        // Holds for the connections that begin later.
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
        admin.execute_unprepared(&format!("SET default_transaction_read_only = off; {set}")).await
    };
    set("on").await.unwrap();

    let db = store::connect(&database.url()).await.unwrap();
    let liveops = LiveOps::builder(db).register::<Greeting>().build().unwrap();
    assert_eq!(liveops.count(&Default::default()).await.unwrap(), 0);
    let error = liveops.health().await.database.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(error.to_string().contains("failed to accept writes"), "{error}");
    assert!(source.contains("the server is read-only or in recovery"), "{source}");
    // Opens connections that stay read-only.
    assert_eq!(liveops.count(&Default::default()).await.unwrap(), 0);
    liveops.enqueue(greeting(), "ann").await.unwrap_err();

    set("off").await.unwrap();
    let id = liveops.enqueue(greeting(), "ann").await.unwrap();
    assert!(liveops.find(id).await.unwrap().is_some());
    assert!(liveops.health().await.is_ready());
}
