//! Operations of a type that this process does not know, or that no process knows any more.

use std::time::Duration;

use axum::http::StatusCode;
use liveops::{
    ChannelName, LiveOperation, OperationId, OperationState, Progress, Run, RunResult, RunnerKind,
    operation::NewOperation, runner::Builder,
};
use sea_orm::sea_query::Expr;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{
    app::{Gate, TestApp, request},
    database::{TestDatabase, on_every_database},
    log::Log,
    meter::{Meter, Series},
    rows,
    served::{Served, html, until},
    until::until as until_true,
};

/// Known to an earlier version of the application, which other processes may still run.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Dig", "Fill")]
#[liveop(app = "test", max_attempts = 2, unique = "input")]
struct Relic {
    word: String,
}

impl Run for Relic {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(RelicStage::Dig, async { Ok(()) }).await
    }
}

fn relic() -> NewOperation {
    NewOperation::new(&Relic { word: "from before".into() }, "ann").unwrap()
}

async fn app(db: &TestDatabase) -> TestApp {
    let mut config = liveops::Config::default();
    config.poll_interval = Duration::from_millis(10);
    config.lease = Duration::from_secs(1);
    TestApp::on(&db.url(), |builder| builder.config(config).runner(RunnerKind::Worker)).await
}

/// What a process that knew the type has enqueued.
async fn left(app: &TestApp, new: NewOperation) -> OperationId {
    let elsewhere = app.elsewhere(Builder::<Gate>::register::<Relic>);
    elsewhere.enqueue_new(new).await.unwrap().operation_id()
}

/// What such a process was running when it was killed.
async fn lost(app: &TestApp, new: NewOperation) -> OperationId {
    let id = left(app, new).await;
    rows::claim(&app.db, id, "gone").await;
    id
}

fn page_of(id: OperationId) -> String {
    format!("/live/test.relic/{id}/")
}

on_every_database! {
    async fn the_owner_sees_and_cancels_what_waits(db: TestDatabase) {
        let app = app(&db).await;
        let id = left(&app, relic()).await;
        let page = app.get(&page_of(id)).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        for text in ["test.relic", "data-liveop-state=\"NOT_STARTED\"", "Cancel", &page_of(id)] {
            assert!(page.body.contains(text), "{text} is missing in {}", page.body);
        }
        let json = app.ask("GET", &page_of(id)).await.json();
        assert_eq!((&json["state"], &json["url"]), (&json!("NOT_STARTED"), &json!(page_of(id))));
        let link = format!("href=\"{}\"", page_of(id));
        let list = app.get("/live/").await.body;
        assert!(list.contains(&link), "{list}");
        assert_eq!(app.get(&format!("{}log", page_of(id))).await.status, StatusCode::OK);
        let mut other = request("GET", &page_of(id));
        other.headers_mut().insert("x-user", "bob".parse().unwrap());
        assert_eq!(app.send(other).await.status, StatusCode::NOT_FOUND);

        let cancelled = app.ask("POST", &format!("{}cancel", page_of(id))).await;
        assert_eq!(cancelled.json()["state"], "CANCELLED", "{cancelled:?}");
        let retried = app.ask("POST", &format!("{}retry", page_of(id))).await;
        assert_eq!(retried.status, StatusCode::CONFLICT);
        let message = "The application no longer supports this type of operation.";
        assert_eq!(retried.json()["error"], json!({ "code": "not_registered", "message": message }));
        assert_eq!(app.liveops.find(id).await.unwrap().unwrap().state(), OperationState::Cancelled);
        assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 1);
    }

    async fn a_lost_run_without_attempts_left_is_ended_by_a_process_that_does_not_know_it(db: TestDatabase) {
        let app = app(&db).await;
        let mut new = relic();
        new.max_attempts = 1;
        let id = lost(&app, new).await;
        rows::update(id)
            .col_expr(rows::Column::StageStates, Expr::value(json!(["done", "active"])))
            .exec(&app.db)
            .await
            .unwrap();
        app.liveops.start_worker();
        app.reaches(id, OperationState::FinishedError).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.error_message.as_deref(), Some("The worker stopped responding."));
        assert_eq!(row.stage_states, json!(["done", "failed"]), "a process that knows them shows them");
        let page = app.get(&page_of(id)).await.body;
        assert!(page.contains("The worker stopped responding.") && page.contains("Retry"), "{page}");
        // The unique key is free again.
        let again = left(&app, relic()).await;
        assert_ne!(again, id);
        assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 1);
    }

    async fn a_lost_run_with_attempts_left_waits_for_a_worker_that_knows_it(db: TestDatabase) {
        let app = app(&db).await;
        let id = lost(&app, relic()).await;
        app.liveops.start_worker();
        app.until_row(id, |row| row.attempt == 2).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.rescues), (OperationState::NotStarted, 1));

        let new_worker = app.elsewhere(Builder::<Gate>::register::<Relic>);
        new_worker.start_worker();
        let ended = async || {
            app.liveops.find(id).await.unwrap().unwrap().state() == OperationState::FinishedOk
        };
        until_true("it has ended", ended).await;
    }

    async fn a_cancelled_run_that_was_lost_is_cancelled(db: TestDatabase) {
        let app = app(&db).await;
        let id = lost(&app, relic()).await;
        let asked = app.ask("POST", &format!("{}cancel", page_of(id))).await;
        assert_eq!(asked.json()["state"], "STARTED", "{asked:?}");
        app.liveops.start_worker();
        app.reaches(id, OperationState::Cancelled).await;
    }

    async fn a_worker_warns_once_and_counts_what_it_cannot_run(db: TestDatabase) {
        let log = Log::begin();
        let app = app(&db).await;
        let mut later = relic();
        later.run_after = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
        later.unique_key = None;
        left(&app, later).await;
        let mut mail = relic();
        (mail.queue, mail.unique_key) = ("mail".to_owned(), None);
        left(&app, mail).await;
        let id = left(&app, relic()).await;
        let five_minutes_ago = chrono::Utc::now() - chrono::TimeDelta::minutes(5);
        rows::update(id)
            .col_expr(rows::Column::DueOn, Expr::value(five_minutes_ago))
            .exec(&app.db)
            .await
            .unwrap();
        let meter = Meter::begin();
        app.liveops.start_worker();
        const OLDEST: &str = "liveops_oldest_waiting_seconds";
        let is_counted = |series: &Series| series.name == OLDEST && series.labels["queue"] == "mail";
        let scrape = meter.until(|scrape| scrape.series.iter().any(is_counted)).await;
        for (queue, reason, count) in [
            ("default", "unregistered", 1.0),
            ("mail", "unregistered", 1.0),
            ("default", "slot", 0.0),
            ("default", "version", 0.0),
        ] {
            let labels = [("queue", queue), ("reason", reason)];
            assert_eq!(scrape.sum("liveops_waiting", &labels), count, "{labels:?}");
        }
        let oldest = scrape.sum(OLDEST, &[("queue", "default")]);
        assert!((300.0..400.0).contains(&oldest), "{oldest}");
        let warnings: Vec<_> = log
            .lines()
            .into_iter()
            .filter(|line| line.text.contains("not registered here are waiting"))
            .collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().all(|line| {
            line.level == tracing::Level::WARN
                && line.text.contains("test.relic")
                && line.text.contains("count=1")
        }));
    }
}

#[tokio::test]
async fn an_open_page_of_an_unknown_type_follows_its_cancellation() {
    let served = Served::start().await;
    let id = left(&served.app, relic()).await;
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    until(&mut socket, |message| message["type"] == "subscribed").await;
    served.app.liveops.cancel(id).await.unwrap();
    let seen = until(&mut socket, |message| message["liveop_finished"].is_object()).await;
    assert!(seen.iter().any(|message| html(message).contains("Cancelled")), "{seen:?}");
    let channel = ChannelName::operation(id);
    assert!(served.app.liveops.channel_layer().catch_up(&channel, None).await.unwrap().is_some());
}
