//! Workers that lose their database for a while.

use std::time::Duration;

use liveops::{OperationState, store};
use sea_orm::ConnectionTrait;

use super::{cluster::Cluster, dice::runs, scene::Scene, support::need::need};

const LONGEST: Duration = Duration::from_millis(300);

/// How often the server is restarted.
const RESTARTS: usize = 3;

#[tokio::test]
async fn a_server_that_is_restarted_loses_nothing() {
    // Of its own, as others use the one that there is; but where there is none, none can be made.
    if need("PostgreSQL", "LIVEOPS_TEST_POSTGRES_URL").is_none() {
        return;
    }
    // What a server says it committed has to be there after a crash.
    let server = Cluster::start("-c synchronous_commit=on").unwrap();
    let mut scene = Scene::set("restarted", &server.url(), 8).await;
    let runs = runs(200);
    for _ in 0..3 {
        scene.fleet.hire();
    }
    for _ in 0..RESTARTS {
        scene.enqueue(runs / RESTARTS, 1, LONGEST).await;
        let lines = scene.dice.among(1..400);
        scene.after_lines(lines).await;
        let mode = ["fast", "immediate"][scene.dice.among(0..2)];
        server.stop(mode).unwrap();
        server.run().unwrap();
    }
    let history = scene.conclude().await;
    assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
    assert_eq!(history.rescues(), 0);
}

#[tokio::test]
async fn connections_that_are_dropped_lose_nothing() {
    let Some(database) = super::support::postgres::PostgresDatabase::create().await else { return };
    let mut scene = Scene::set("disconnected", &database.url(), 8).await;
    scene.enqueue(runs(200), 1, LONGEST).await;
    for _ in 0..3 {
        scene.fleet.hire();
    }
    let mut drops = 0;
    let mut lines = scene.dice.among(1..100);
    while scene.after_lines(lines).await {
        drop_connections(&database.url()).await;
        drops += 1;
        lines = scene.dice.among(1..100);
    }
    let history = scene.conclude().await;
    assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
    assert_eq!(history.rescues(), 0);
    assert!(drops > 0, "nobody was connected any more");
}

/// Drops every connection to the database that there is.
async fn drop_connections(url: &str) {
    let db = store::connect(url).await.unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.execute_unprepared(others).await.unwrap();
    db.close().await.unwrap();
}
