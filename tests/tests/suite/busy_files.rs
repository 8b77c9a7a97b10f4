//! A SQLite file beside transactions of the application that write for a long time.

use std::{
    env,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
    routing::get,
};
use liveops::{
    LiveOperation, LiveOps, OperationState, Progress, RetryContext, Run, RunResult, RunnerKind,
    runner::Builder, store, testing::Server,
};
use maud::{DOCTYPE, html};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use serde::{Deserialize, Serialize};
use tokio::{sync::Notify, time::timeout};

use crate::support::{
    app::{BUSY, Gate, Greeting, TestApp},
    browser::Browser,
    htmx::{self, Htmx},
    sqlite::SqliteFile,
    within::within,
};

/// Less than the thirty seconds for which a pool waits for a connection, and more than a page takes.
const SOON: Duration = Duration::from_secs(8);

/// More than the ten seconds for which a write waits for the lock of the file.
const AT_LAST: Duration = Duration::from_secs(20);

/// A retry waits for the gate.
static ASKED: Notify = Notify::const_new();

/// Asks the gate before it is retried.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Guarded;

impl Run for Guarded {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }

    async fn on_retry(&self, retry: RetryContext<'_, Self>) -> RunResult<()> {
        ASKED.notify_one();
        retry.state().pass().await;
        Ok(())
    }
}

/// Has a form.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", name = "busy_letter", form)]
struct Letter {
    text: String,
}

impl Run for Letter {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

async fn app(file: &SqliteFile) -> TestApp {
    let change = |builder: Builder<Gate>| builder.register::<Guarded>().runner(RunnerKind::Worker);
    TestApp::on(&file.url(), change).await
}

/// A transaction of the application that has written.
async fn writing(db: &DatabaseConnection) -> DatabaseTransaction {
    let transaction = db.begin().await.unwrap();
    transaction.execute_unprepared("CREATE TABLE of_the_application (id int)").await.unwrap();
    transaction
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

fn form(path: &str, body: &str, is_in_place: bool) -> Request<Body> {
    let mut request =
        Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if is_in_place {
        request = request.header("hx-request", "true").header(header::ACCEPT, "application/json");
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

#[tokio::test]
async fn pages_are_answered_while_the_application_writes() {
    let file = SqliteFile::new();
    let app = app(&file).await;
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    let page = app.liveops.url(Greeting::OP_TYPE, id);
    let transaction = writing(&app.db).await;
    for path in ["/live/", &page, &format!("{page}log")] {
        let answer = within(SOON, path, app.get(path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let json = within(SOON, path, app.ask("GET", path)).await;
        assert_eq!(json.status, StatusCode::OK, "{path}");
    }
    // `LIVEOPS_TEST_TRANSACTION_SECONDS=60` keeps the transaction open for as long.
    let held = env::var("LIVEOPS_TEST_TRANSACTION_SECONDS").map_or(0, |time| time.parse().unwrap());
    let (begun_on, held) = (Instant::now(), Duration::from_secs(held));
    let reads = async {
        let mut times = Vec::new();
        for path in ["/live/", &page].into_iter().cycle() {
            if times.len() >= 200 && begun_on.elapsed() >= held {
                break;
            }
            let begun_on = Instant::now();
            assert_eq!(within(SOON, path, app.get(path)).await.status, StatusCode::OK);
            times.push(begun_on.elapsed());
        }
        times
    };
    let writes = async {
        let mut times = Vec::new();
        while begun_on.elapsed() + AT_LAST < held {
            let begun_on = Instant::now();
            let create = app.post_json("/live/test.greeting/", r#"{"name":"Bob"}"#);
            within(AT_LAST, "an enqueue", create).await.assert_busy();
            times.push(begun_on.elapsed());
        }
        times
    };
    let (mut times, refused) = tokio::join!(reads, writes);
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    eprintln!(
        "{} pages, median {median:?}, p99 {p99:?}; enqueues refused after {refused:?}",
        times.len()
    );
    assert!(p99 <= Duration::from_secs(1), "p99 is {p99:?}");
    assert!(within(SOON, "health", app.liveops.health()).await.is_ready());
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn writes_that_wait_too_long_say_that_the_server_is_busy() {
    let file = SqliteFile::new();
    let app = app(&file).await;
    let waiting = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    let ended = app.liveops.enqueue(Guarded, "ann").await.unwrap();
    app.liveops.cancel(ended).await.unwrap();
    let cancel = format!("{}cancel", app.liveops.url(Greeting::OP_TYPE, waiting));
    let retry = format!("{}retry", app.liveops.url(Guarded::OP_TYPE, ended));
    let create = "/live/test.greeting/";

    let transaction = writing(&app.db).await;
    let answers = within(AT_LAST, "a write", async {
        tokio::join!(
            app.post_json(create, r#"{"name":"Bob"}"#),
            app.send(form(create, "name=Bob", false)),
            app.send(form(&cancel, "", false)),
            app.send(form(&cancel, "", true)),
            app.send(form(&retry, "", true)),
        )
    })
    .await;
    let (created, created_by_form, cancelled, cancelled_in_place, retried) = answers;
    for answer in [&created, &created_by_form, &cancelled, &cancelled_in_place, &retried] {
        answer.assert_busy();
    }
    for json in [created, cancelled_in_place, retried] {
        assert_eq!(json.json()["error"]["code"], "busy");
    }
    assert!(created_by_form.body.contains("<title>Busy"), "{}", created_by_form.body);
    transaction.commit().await.unwrap();

    let rows = app.liveops.list(&Default::default(), 10).await.unwrap();
    let states: Vec<OperationState> = rows.iter().map(store::Model::state).collect();
    assert_eq!(states, [OperationState::Cancelled, OperationState::NotStarted]);
    let answer = within(SOON, "the next write", app.post_json(create, r#"{"name":"Bob"}"#)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

/// Sends a form through htmx while the server is busy, and again later.
async fn form_in_place_keeps_what_was_entered(htmx: Htmx) {
    let Some(browser) = Browser::open().await else { return };
    let Some(scripts) = htmx::routes() else { return };
    let file = SqliteFile::new();
    let change = |builder: Builder<Gate>| {
        builder.register::<Letter>().runner(RunnerKind::Worker).config(htmx.config())
    };
    let app = TestApp::on(&file.url(), change).await;
    let renderer = app.liveops.renderer().clone();
    let page = html! {
        (DOCTYPE)
        head { (htmx.head()) (renderer.head()) link rel="icon" href="data:,"; }
        body { h1 { "A letter" } (renderer.form::<Letter>().in_place()) }
    };
    let pages = scripts.route("/", get(async move || page));
    let server = Server::start(pages.merge(app.router.clone())).await;
    browser.goto(&server.url("/")).await;
    let shows = async |text: &str| {
        let shown = "document.querySelector('form [data-liveop-refusal][role=alert]')";
        browser.wait_until(&format!("{shown}?.textContent === '{text}'")).await;
        assert_eq!(browser.navigation_count().await, 0, "{htmx:?}");
        assert_eq!(browser.text("h1").await, "A letter");
        assert_eq!(
            browser.evaluate("document.querySelector('[name=text]').value").await,
            "Dear Bob"
        );
    };

    let transaction = writing(&app.db).await;
    browser.fill("[name=text]", "Dear Bob").await;
    browser.click(".liveops-form button").await;
    shows(BUSY).await;
    transaction.commit().await.unwrap();
    browser.click(".liveops-form button").await;
    browser.wait_for(".liveop").await;
    let rows = app.liveops.list(&Default::default(), 10).await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_form_of_htmx_2_keeps_what_was_entered_while_the_server_is_busy() {
    form_in_place_keeps_what_was_entered(Htmx::Two).await;
}

#[tokio::test]
async fn a_form_of_htmx_4_keeps_what_was_entered_while_the_server_is_busy() {
    form_in_place_keeps_what_was_entered(Htmx::Four).await;
}

#[tokio::test]
async fn a_write_waits_for_a_transaction_that_ends_in_time() {
    let file = SqliteFile::new();
    let app = app(&file).await;
    let transaction = writing(&app.db).await;
    let mut enqueueing = tokio::spawn({
        let liveops = app.liveops.clone();
        async move { liveops.enqueue(greeting(), "ann").await }
    });
    // Its first tries fail.
    assert!(timeout(Duration::from_secs(1), &mut enqueueing).await.is_err());
    transaction.commit().await.unwrap();
    let id = within(SOON, "an enqueue", enqueueing).await.unwrap().unwrap();
    assert!(app.liveops.find(id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_retry_that_hangs_in_the_application_stops_no_other_request() {
    let file = SqliteFile::new();
    let app = app(&file).await;
    let id = app.liveops.enqueue(Guarded, "ann").await.unwrap();
    app.liveops.cancel(id).await.unwrap();
    let page = app.liveops.url(Guarded::OP_TYPE, id);
    let retry = format!("{page}retry");
    let mut retrying = Box::pin(app.post(&retry));
    let others = async {
        ASKED.notified().await;
        for path in ["/live/", &page] {
            assert_eq!(within(SOON, path, app.get(path)).await.status, StatusCode::OK, "{path}");
        }
        // The connection of the application is free.
        let read = app.db.execute_unprepared("SELECT 1");
        within(SOON, "the application", read).await.unwrap();
    };
    tokio::select! {
        _ = &mut retrying => panic!("the gate is closed"),
        () = others => {}
    }
    app.gate.open(1);
    assert_eq!(within(SOON, "the retry", retrying).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_copied_file_is_complete_after_the_shutdown() {
    let (file, copy) = (SqliteFile::new(), SqliteFile::new());
    let app = app(&file).await;
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    app.liveops.shutdown(Duration::ZERO).await;
    // The connections are open still.
    let path = |file: &SqliteFile| file.url().replace("sqlite://", "");
    std::fs::copy(path(&file), path(&copy)).unwrap();
    let db = store::connect(&copy.url()).await.unwrap();
    let copied = LiveOps::builder(db).build().unwrap();
    assert!(copied.find(id).await.unwrap().is_some());
    assert!(app.liveops.find(id).await.unwrap().is_some());
}
