//! Processes that share a database and nothing else: each keeps its channels in its own memory.

use std::time::Duration;

use liveops::{
    Config, LiveOperation, OperationId, OperationState, RunnerKind, SigningKeys, testing::Server,
};

use crate::support::{
    app::{Steps, TestApp},
    database::{TestDatabase, on_every_database},
    served::{SECRET, Served, html, until},
    until::until as until_true,
};

/// A web process, which runs nothing.
async fn web(db: &TestDatabase) -> Served {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    let keys = SigningKeys::new([SECRET]).unwrap();
    let app = TestApp::on(&db.url(), |builder| {
        builder.config(config).signing_keys(keys.clone()).runner(RunnerKind::Worker)
    })
    .await;
    let server = Server::start(app.router.clone()).await;
    Served { app, server, keys }
}

async fn worker(db: &TestDatabase) -> TestApp {
    let mut config = Config::default();
    config.poll_interval = Duration::from_millis(10);
    let worker =
        TestApp::on(&db.url(), |builder| builder.config(config).runner(RunnerKind::Worker)).await;
    worker.liveops.start_worker();
    worker
}

async fn state(web: &TestApp, id: OperationId) -> String {
    let json = web.ask("GET", &web.liveops.url(Steps::OP_TYPE, id)).await.json();
    json["state"].as_str().unwrap().to_owned()
}

fn is_in_a_stage(html: &str) -> bool {
    html.contains("aria-current=\"step\"")
}

/// Follows one run from its start to its end, over an open socket and new pages of the web process.
async fn is_shown(web: &Served, worker: &TestApp, id: OperationId) {
    let page = web.app.liveops.url(Steps::OP_TYPE, id);
    let mut socket = web.connect().await;
    web.follow(&mut socket, id, None).await;
    until(&mut socket, |message| is_in_a_stage(html(message))).await;
    assert_eq!(state(&web.app, id).await, "STARTED");
    let shown = web.app.get(&page).await.body;
    assert!(is_in_a_stage(&shown), "{shown}");

    worker.gate.open(3);
    until(&mut socket, |message| message["liveop_finished"].is_object()).await;
    assert_eq!(state(&web.app, id).await, "FINISHED_OK");
    let shown = web.app.get(&page).await.body;
    assert!(shown.contains("data-liveop-state=\"FINISHED_OK\""), "{shown}");
}

on_every_database! {
    async fn a_process_that_does_not_run_an_operation_shows_its_run_and_its_end(db: TestDatabase) {
        let web = web(&db).await;
        let worker = worker(&db).await;
        let id = web.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        is_shown(&web, &worker, id).await;
        for _ in 0..2 {
            let retry = format!("{}retry", web.app.liveops.url(Steps::OP_TYPE, id));
            let answer = web.app.ask("POST", &retry).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
            is_shown(&web, &worker, id).await;
        }
    }

    async fn a_page_that_was_open_during_the_retry_shows_the_run_of_another_process(db: TestDatabase) {
        let web = web(&db).await;
        let worker = worker(&db).await;
        let id = web.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        worker.gate.open(3);
        until_true("it has ended", async || state(&web.app, id).await == "FINISHED_OK").await;
        let mut socket = web.connect().await;
        web.follow(&mut socket, id, None).await;
        until(&mut socket, |message| message["liveop_finished"].is_object()).await;
        web.app.liveops.retry(id).await.unwrap();
        until(&mut socket, |message| is_in_a_stage(html(message))).await;
        let row = web.app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::Started);
        worker.gate.open(3);
        until(&mut socket, |message| message["liveop_finished"].is_object()).await;
    }
}
