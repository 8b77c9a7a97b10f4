//! Operations that count as the same, of which there is one at a time.

use std::{collections::BTreeSet, path::PathBuf};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use futures_util::future::join_all;
use liveops::{
    LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    operation::NewOperation,
    runner::{Builder, CancelOutcome, RetryOutcome},
    store::{Enqueued, ListFilter},
};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{
    app::{Answer, Gate, TestApp, request},
    browser::Browser,
    database::on_every_database,
    files::{files_in, upload_folder},
    multipart::{MULTIPART, multipart},
    watched::WatchedApp,
};

/// The same if its input is.
#[derive(Clone, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = "input", state = Gate, public)]
struct Report {
    month: u32,
    share: f64,
}

/// The same if its owner is.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = "owner", state = Gate, form)]
struct Sync {
    from: PathBuf,
}

/// The same if its file has the same name.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = Import::file_name, state = Gate, public)]
struct Import {
    folder: String,
    file: String,
}

impl Import {
    fn file_name(&self) -> String {
        self.file.clone()
    }
}

/// Hands over to a [`Report`].
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Prepare {
    month: u32,
}

/// Hands over to itself, and counts as the same as itself.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", unique = "owner", state = Gate)]
struct Again {
    left: u32,
}

macro_rules! runs_until_the_gate_opens {
    ($($operation:ty),+) => {$(
        impl Run for $operation {
            type Output = ();

            async fn run(&self, p: Progress<Self>) -> RunResult<()> {
                p.status("at the gate");
                tokio::select! {
                    () = p.state().pass() => Ok(()),
                    () = p.cancelled() => Ok(p.check_cancelled()?),
                }
            }
        }
    )+};
}

runs_until_the_gate_opens!(Report, Sync, Import);

impl Run for Prepare {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        p.chain_to(report(self.month));
        Ok(())
    }
}

impl Run for Again {
    type Output = u32;

    async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
        p.state().pass().await;
        if self.left > 0 {
            p.chain_to(Self { left: self.left - 1 });
        }
        Ok(self.left)
    }
}

async fn app(url: &str) -> TestApp {
    TestApp::on(url, |builder| {
        builder
            .register::<Report>()
            .register::<Sync>()
            .register::<Import>()
            .register::<Prepare>()
            .register::<Again>()
    })
    .await
}

async fn app_in_memory() -> TestApp {
    app("sqlite::memory:").await
}

fn report(month: u32) -> Report {
    Report { month, share: 0.5 }
}

fn new_report(owner: &str) -> NewOperation {
    NewOperation::new(&report(1), owner).unwrap()
}

async fn enqueue<Op: Run>(app: &TestApp, operation: Op) -> OperationId {
    app.liveops.enqueue(operation, "ann").await.unwrap()
}

/// A report that does not start for an hour.
async fn waiting_report(app: &TestApp, owner: &str) -> OperationId {
    let mut new = new_report(owner);
    new.run_after = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
    app.liveops.enqueue_new(new).await.unwrap().operation_id()
}

async fn row_count(app: &TestApp) -> usize {
    app.liveops.list(&ListFilter::new(), 1_000).await.unwrap().len()
}

/// Lets one operation pass the gate and waits until this one has ended.
async fn finish(app: &TestApp, id: OperationId) {
    app.gate.open(1);
    app.reaches(id, OperationState::FinishedOk).await;
}

async fn cancel(app: &TestApp, id: OperationId) {
    app.liveops.cancel(id).await.unwrap();
    app.reaches(id, OperationState::Cancelled).await;
}

#[track_caller]
fn one_is_new(enqueued: Vec<Enqueued>) {
    let ids: BTreeSet<_> = enqueued.iter().map(Enqueued::operation_id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(enqueued.iter().filter(|enqueued| enqueued.is_new()).count(), 1);
}

on_every_database! {
    async fn of_fifty_enqueued_at_once_there_is_one(db: TestDatabase) {
        let app = app(&db.url()).await;
        let fifty = (0..50).map(|_| app.liveops.enqueue_new(new_report("ann")));
        one_is_new(join_all(fifty).await.into_iter().map(Result::unwrap).collect());
        assert_eq!(row_count(&app).await, 1);
    }

    async fn of_several_transactions_at_once_one_enqueues(db: TestDatabase) {
        let app = app(&db.url()).await;
        let in_transaction = async || {
            let transaction = app.db.begin().await.unwrap();
            let enqueued = app.liveops.enqueue_new_in(&transaction, new_report("ann")).await;
            app.liveops.commit(transaction).await.unwrap();
            enqueued.unwrap()
        };
        one_is_new(join_all((0..5).map(|_| in_transaction())).await);
        assert_eq!(row_count(&app).await, 1);
    }

    async fn a_transaction_that_finds_one_there_goes_on(db: TestDatabase) {
        let app = app(&db.url()).await;
        let first = enqueue(&app, report(1)).await;
        let db = &app.db;
        db.execute_unprepared("CREATE TABLE mark (n INTEGER)").await.unwrap();

        let transaction = db.begin().await.unwrap();
        let same = app.liveops.enqueue_in(&transaction, report(1), "ann").await.unwrap();
        assert_eq!(same, first);
        transaction.execute_unprepared("INSERT INTO mark VALUES (1)").await.unwrap();
        let other = app.liveops.enqueue_in(&transaction, report(2), "ann").await.unwrap();
        let like_other = app.liveops.enqueue_in(&transaction, report(2), "ann").await.unwrap();
        assert_eq!(like_other, other, "the transaction sees what it has written");
        app.liveops.commit(transaction).await.unwrap();

        assert_eq!(db.execute_unprepared("DELETE FROM mark").await.unwrap().rows_affected(), 1);
        assert_eq!(row_count(&app).await, 2);
    }

    async fn what_was_rolled_back_is_in_nobodys_way(db: TestDatabase) {
        let app = app(&db.url()).await;
        let transaction = app.db.begin().await.unwrap();
        let gone = app.liveops.enqueue_in(&transaction, report(1), "ann").await.unwrap();
        transaction.rollback().await.unwrap();
        let new = app.liveops.enqueue_new(new_report("ann")).await.unwrap();
        assert!(new.is_new());
        assert_ne!(new.operation_id(), gone);
    }

    async fn another_is_enqueued_when_the_first_has_ended(db: TestDatabase) {
        let app = app(&db.url()).await;
        let first = enqueue(&app, report(1)).await;
        app.reaches(first, OperationState::Started).await;
        assert_eq!(enqueue(&app, report(1)).await, first, "it runs");
        finish(&app, first).await;
        let second = enqueue(&app, report(1)).await;
        assert_ne!(second, first);
        cancel(&app, second).await;
        assert_ne!(enqueue(&app, report(1)).await, second);
        assert_eq!(row_count(&app).await, 3);
    }

    async fn another_input_type_or_owner_is_not_the_same(db: TestDatabase) {
        let app = app(&db.url()).await;
        let sync = || Sync { from: "a".into() };
        let ids = BTreeSet::from([
            enqueue(&app, report(1)).await,
            enqueue(&app, report(2)).await,
            enqueue(&app, Report { share: 0.25, ..report(1) }).await,
            app.liveops.enqueue(report(1), "bob").await.unwrap(),
            enqueue(&app, sync()).await,
            enqueue(&app, Again { left: 0 }).await,
            app.liveops.enqueue(sync(), "bob").await.unwrap(),
        ]);
        assert_eq!(ids.len(), 7);
        assert!(ids.contains(&enqueue(&app, Sync { from: "b".into() }).await));
    }

    async fn a_function_says_what_is_the_same(db: TestDatabase) {
        let app = app(&db.url()).await;
        let import = |folder: &str, file: &str| Import { folder: folder.into(), file: file.into() };
        let first = enqueue(&app, import("a", "scores.csv")).await;
        assert_eq!(enqueue(&app, import("b", "scores.csv")).await, first);
        assert_ne!(enqueue(&app, import("a", "names.csv")).await, first);
    }

    async fn a_key_may_be_given_and_of_any_length(db: TestDatabase) {
        let app = app(&db.url()).await;
        let enqueue = async |key: Option<String>| {
            let mut new = new_report("ann");
            new.unique_key = key;
            app.liveops.enqueue_new(new).await.unwrap().operation_id()
        };
        let key = "k".repeat(1 << 20);
        let first = enqueue(Some(key.clone())).await;
        assert_eq!(enqueue(Some(key.clone())).await, first);
        assert_ne!(enqueue(Some(key + "l")).await, first);
        let without = [enqueue(None).await, enqueue(None).await];
        assert_ne!(without[0], without[1]);
        assert_eq!(row_count(&app).await, 4);
    }

    async fn a_restart_leaves_one_alone_while_another_like_it_has_not_ended(db: TestDatabase) {
        let app = app(&db.url()).await;
        let first = enqueue(&app, report(1)).await;
        finish(&app, first).await;
        let ended = app.liveops.find(first).await.unwrap();
        let second = enqueue(&app, report(1)).await;
        let outcome = app.liveops.retry(first).await.unwrap();
        assert_eq!(outcome, RetryOutcome::Duplicate(second));
        assert_eq!(app.liveops.find(first).await.unwrap(), ended);
        assert_eq!(app.liveops.retry(second).await.unwrap(), RetryOutcome::Unfinished);

        cancel(&app, second).await;
        assert_eq!(app.liveops.retry(first).await.unwrap(), RetryOutcome::Retried);
        let outcome = app.liveops.retry(second).await.unwrap();
        assert_eq!(outcome, RetryOutcome::Duplicate(first), "it has its key again");
        assert_eq!(enqueue(&app, report(1)).await, first);
    }

    async fn a_chain_leads_to_the_one_that_is_there(db: TestDatabase) {
        let app = app(&db.url()).await;
        let waiting = waiting_report(&app, "ann").await;
        let prepare = enqueue(&app, Prepare { month: 1 }).await;
        finish(&app, prepare).await;
        let next = app.next_of(prepare).await.unwrap();
        assert_eq!((next.operation_id(), next.chained_from), (waiting, None));
        assert_eq!(row_count(&app).await, 2);

        let page = app.get(&app.liveops.url(Prepare::OP_TYPE, prepare)).await;
        let way_on = format!("href=\"{}\"", app.liveops.url(Report::OP_TYPE, waiting));
        assert!(page.body.contains(&way_on), "{}", page.body);
    }

    async fn a_chain_never_leads_to_somebody_elses(db: TestDatabase) {
        let app = app(&db.url()).await;
        let of_bob = waiting_report(&app, "bob").await;
        let prepare = enqueue(&app, Prepare { month: 1 }).await;
        finish(&app, prepare).await;
        let next = app.next_of(prepare).await.unwrap();
        assert_ne!(next.operation_id(), of_bob);
        assert_eq!(next.owner, "ann");
    }

    async fn an_operation_may_hand_over_to_one_like_itself(db: TestDatabase) {
        let app = app(&db.url()).await;
        let first = enqueue(&app, Again { left: 1 }).await;
        app.gate.open(2);
        app.reaches(first, OperationState::FinishedOk).await;
        let next = app.next_of(first).await.unwrap();
        assert_ne!(next.operation_id(), first);
        app.reaches(next.operation_id(), OperationState::FinishedOk).await;
    }
}

const JSON: &str = "application/json";

fn form(path: &str, content_type: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn retry(app: &TestApp, id: OperationId, accept: &str) -> Answer {
    let path = format!("{}retry", app.liveops.url(Report::OP_TYPE, id));
    let mut request = request("POST", &path);
    request.headers_mut().insert("accept", accept.parse().unwrap());
    app.send(request).await
}

#[tokio::test]
async fn a_second_request_is_led_to_what_the_first_one_made() {
    let app = app_in_memory().await;
    let create = async || app.post_json("/live/test.report/", r#"{"month":1,"share":0.5}"#).await;
    let (first, second) = (create().await, create().await);
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::OK));
    let path = first.header("location");
    assert_eq!(second.header("location"), path);
    assert_eq!(second.json()["id"], first.json()["id"]);
    assert!(second.json()["token"].is_string(), "it can be followed");

    let form =
        || form("/live/test.report/", "application/x-www-form-urlencoded", "month=1&share=0.5");
    let answer = app.send(form()).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, path));
    let mut of_htmx = form();
    of_htmx.headers_mut().insert("hx-request", "true".parse().unwrap());
    let answer = app.send(of_htmx).await;
    assert_eq!((answer.status, answer.header("hx-redirect")), (StatusCode::NO_CONTENT, path));
    assert_eq!(row_count(&app).await, 1);
}

#[tokio::test]
async fn the_upload_of_a_second_request_is_not_kept() {
    let uploads = upload_folder();
    let mut config = liveops::Config::default();
    config.upload_dir = Some(uploads.path().to_owned());
    let app = TestApp::with(|builder| builder.register::<Sync>().config(config)).await;
    let upload = async || {
        let request = Request::post("/live/test.sync/").header(header::CONTENT_TYPE, MULTIPART);
        let body = multipart(&[("from", Some("a.csv"), "a")]);
        app.send(request.body(Body::from(body)).unwrap()).await
    };
    let (first, second) = (upload().await, upload().await);
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{first:?}");
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(files_in(uploads.path()).len(), 1);
}

#[tokio::test]
async fn a_restart_that_is_refused_says_what_is_in_the_way() {
    let app = app_in_memory().await;
    let first = enqueue(&app, report(1)).await;
    finish(&app, first).await;
    let second = enqueue(&app, report(1)).await;
    let url = app.liveops.url(Report::OP_TYPE, second);

    let answer = retry(&app, first, JSON).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let message = "The same operation is already waiting or running.";
    let expected = json!({ "error": { "code": "duplicate", "message": message, "url": url } });
    assert_eq!(answer.json(), expected);

    let answer = retry(&app, first, "text/html").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains(message), "{}", answer.body);
    assert!(answer.body.contains(&format!("href=\"{url}\"")), "{}", answer.body);
}

#[tokio::test]
async fn a_page_whose_retry_is_refused_leads_to_what_is_in_the_way() {
    let Some(browser) = Browser::open().await else { return };
    let watched = WatchedApp::with(Builder::register::<Report>).await;
    let first = watched.watch(&browser, report(1)).await;
    finish(&watched.app, first).await;
    browser.wait_for(".op-retry button").await;
    let second = enqueue(&watched.app, report(1)).await;
    browser.evaluate("document.querySelector('.op-retry button').click()").await;
    browser.wait_for(".op-notice a").await;
    let shown = browser.evaluate("document.querySelector('[data-liveop-refusal]').innerText").await;
    assert_eq!(shown, "The same operation is already waiting or running.");
    browser.evaluate("document.querySelector('[data-liveop-refusal] a').click()").await;
    browser.wait_for(&format!("[id='op-{second}']")).await;
}

#[tokio::test]
async fn a_page_moves_over_to_the_one_that_is_there() {
    let Some(browser) = Browser::open().await else { return };
    let watched =
        WatchedApp::with(|builder| builder.register::<Report>().register::<Prepare>()).await;
    let waiting = waiting_report(&watched.app, "ann").await;
    watched.watch(&browser, Prepare { month: 1 }).await;
    watched.app.gate.open(1);
    browser.wait_for(&format!("[id='op-{waiting}'][data-liveop-state=NOT_STARTED]")).await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn one_that_is_cancelled_while_it_waits_is_in_nobodys_way() {
    let app = app_in_memory().await;
    let later = waiting_report(&app, "ann").await;
    assert_eq!(enqueue(&app, report(1)).await, later);
    assert_eq!(app.liveops.cancel(later).await.unwrap(), CancelOutcome::Cancelled);
    assert_ne!(enqueue(&app, report(1)).await, later);
}
