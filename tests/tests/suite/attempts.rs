//! The whole story of an operation: its earlier attempts and the actions on it stay readable until it is pruned.

use std::{future, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use liveops::{
    Backoff, Config, LiveOperation, OperationId, OperationState, Progress, Run, RunError,
    RunResult, RunnerKind, operation::NewOperation, runner::Builder,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, Gate, Greeting, Steps, TestApp},
    browser::Browser,
    database::{TestDatabase, on_every_database},
    rows,
    watched::WatchedApp,
};

/// Ends each attempt in the next way.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, max_attempts = 9)]
struct Troubled {
    ways: Vec<Way>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Way {
    Fail,
    Panic,
    TakeTooLong,
    Finish,
    FinishAtTheGate,
}

/// The beginning of the list of earlier attempts.
const EARLIER: &str = "<summary>Earlier attempts</summary>";

/// Only staff may read this.
const SECRET: &str = "the secret invariant broke";

impl Run for Troubled {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        let attempt = p.attempt().0 as usize;
        p.set(attempt as u64, 1_033);
        match self.ways[attempt - 1] {
            Way::Fail => Err(RunError::user("The file is locked")),
            Way::Panic => panic!("{SECRET}"),
            Way::TakeTooLong => future::pending().await,
            Way::Finish => Ok(format!("done by attempt {attempt}")),
            Way::FinishAtTheGate => {
                p.state().pass().await;
                Ok(format!("done by attempt {attempt}"))
            }
        }
    }
}

async fn app_on(db: &TestDatabase) -> TestApp {
    TestApp::on(&db.url(), Builder::register::<Troubled>).await
}

fn troubled(ways: &[Way]) -> NewOperation {
    let mut new = NewOperation::new(&Troubled { ways: ways.to_vec() }, "ann").unwrap();
    new.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(1) };
    new.timeout = ways
        .iter()
        .any(|way| matches!(way, Way::TakeTooLong))
        .then_some(Duration::from_millis(300));
    new
}

async fn enqueue(app: &TestApp, ways: &[Way]) -> OperationId {
    app.liveops.enqueue_new(troubled(ways)).await.unwrap().operation_id()
}

async fn send(app: &TestApp, user: &str, method: &str, path: &str, accept: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-user", user);
    app.send(request.header("accept", accept).body(Body::empty()).unwrap()).await
}

async fn json(app: &TestApp, user: &str, path: &str) -> Value {
    let answer = send(app, user, "GET", path, "application/json").await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

async fn page(app: &TestApp, user: &str, path: &str) -> String {
    let answer = send(app, user, "GET", path, "text/html").await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

/// The outcomes of the attempts that are over, in order.
async fn outcomes(app: &TestApp, path: &str) -> Vec<String> {
    let operation = json(app, "ann", path).await;
    let history = operation["attempts"]["history"].as_array().expect("every operation has one");
    for (index, past) in history.iter().enumerate() {
        assert_eq!(past["number"], index + 1, "{operation}");
    }
    history.iter().map(|past| past["outcome"].as_str().unwrap().to_owned()).collect()
}

on_every_database! {
    async fn each_attempt_stays_in_the_history_with_its_reason(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = enqueue(&app, &[Way::Fail, Way::Panic, Way::TakeTooLong, Way::Finish]).await;
        let path = app.liveops.url(Troubled::OP_TYPE, id);
        app.reaches(id, OperationState::FinishedOk).await;
        assert_eq!(outcomes(&app, &path).await, ["failed", "failed", "failed", "finished"]);

        for user in ["ann", "admin"] {
            let operation = json(&app, user, &path).await;
            let history = operation["attempts"]["history"].as_array().unwrap();
            let errors: Vec<_> = history.iter().map(|past| past["error"].as_str().unwrap_or_default()).collect();
            assert_eq!(errors[0], "The file is locked");
            assert!(errors[1].starts_with("Something went wrong."), "{errors:?}");
            assert!(errors[2].starts_with("Stopped because it took longer than"), "{errors:?}");
            assert_eq!(errors[3], "");
            assert_eq!(history[0]["bar"]["done"], 1);
            assert_eq!(history[0]["bar"]["total"], 1_033);
            for past in history {
                assert_eq!(past["worker"].is_string(), user == "admin", "{past}");
                assert!(past["started_on"].is_string() && past["ended_on"].is_string(), "{past}");
            }
            let second = json(&app, user, &format!("{path}attempts/2")).await;
            let traceback = second["traceback"].as_str().unwrap_or_default();
            assert_eq!(traceback.contains(SECRET), user == "admin", "{second}");
            let shown = page(&app, user, &format!("{path}attempts/2")).await;
            assert_eq!(shown.contains(SECRET), user == "admin", "{shown}");
            assert!(shown.contains("<h1>Attempt 2</h1>") && shown.contains("Stopped at 2 of 1,033"), "{shown}");

            let shown = page(&app, user, &path).await;
            let (_, earlier) = shown.split_once(EARLIER).expect(&shown);
            let (earlier, _) = earlier.split_once("</details>").unwrap();
            assert!(earlier.contains("The file is locked") && earlier.contains("Stopped at 1 of 1,033"), "{earlier}");
            assert!(earlier.contains("attempts/3\"") && !earlier.contains("attempts/4\""), "{earlier}");
            assert!(!earlier.contains(SECRET), "{earlier}");
        }
        for (user, path) in [
            ("ann", format!("{path}attempts/5")),
            ("ann", format!("{path}attempts/0")),
            ("ann", format!("{path}attempts/x")),
            ("bob", format!("{path}attempts/1")),
            ("bob", format!("{path}attempts")),
        ] {
            let answer = send(&app, user, "GET", &path, "application/json").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{user} {path}");
        }
        assert_eq!(app.get(&format!("{path}attempts/1/")).await.status, StatusCode::PERMANENT_REDIRECT);
    }

    async fn a_retry_after_success_keeps_the_earlier_result(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        app.ends(id).await;
        let path = app.liveops.url(Greeting::OP_TYPE, id);
        assert!(!page(&app, "ann", &path).await.contains(EARLIER), "the page shows the only one");
        let retried = send(&app, "ann", "POST", &format!("{path}retry"), "application/json").await;
        assert_eq!(retried.status, StatusCode::OK);
        app.until_row(id, |row| row.attempt == 2 && row.state() == OperationState::FinishedOk).await;

        assert_eq!(outcomes(&app, &path).await, ["finished", "finished"]);
        let shown = page(&app, "ann", &path).await;
        assert!(shown.contains(&format!("{path}attempts/1\"")), "{shown}");
        for number in [1, 2] {
            let past = format!("{path}attempts/{number}");
            assert_eq!(json(&app, "ann", &past).await["result"]["greeting"], "Hello, Ann!");
            let shown = page(&app, "ann", &past).await;
            assert!(shown.contains("<p class=\"greeting\">Hello, Ann!</p>"), "by its template: {shown}");
        }
    }

    async fn a_run_that_a_shutdown_hands_back_is_an_attempt_of_its_own(db: TestDatabase) {
        let leaving = app_on(&db).await;
        let id = leaving.liveops.enqueue(Steps {}, "ann").await.unwrap();
        let path = leaving.liveops.url(Steps::OP_TYPE, id);
        leaving.reports::<Steps>(id, "in Load").await;
        leaving.liveops.shutdown(Duration::ZERO).await;
        assert_eq!(outcomes(&leaving, &path).await, ["handed_back"]);

        let next = app_on(&db).await;
        next.liveops.start_worker();
        next.gate.open(3);
        next.reaches(id, OperationState::FinishedOk).await;
        assert_eq!(outcomes(&next, &path).await, ["handed_back", "finished"]);
        let stages = json(&next, "ann", &format!("{path}attempts/1")).await["stages"].clone();
        let states: Vec<_> = stages.as_array().unwrap().iter().map(|stage| &stage["state"]).collect();
        assert_eq!(states, ["failed", "pending", "pending"]);
        let shown = page(&next, "ann", &path).await;
        assert!(shown.contains("Interrupted by a restart"), "{shown}");
    }

    async fn a_run_whose_worker_is_gone_is_recorded_by_the_rescuer(db: TestDatabase) {
        let config = Config::default().with_lease(Duration::from_secs(1));
        let app = TestApp::on(&db.url(), |builder| {
            builder.register::<Troubled>().config(config).runner(RunnerKind::Worker)
        })
        .await;
        let mut again = troubled(&[Way::Fail, Way::Finish]);
        let mut only = troubled(&[Way::Fail]);
        (again.max_attempts, only.max_attempts) = (2, 1);
        let mut ids = Vec::new();
        for new in [again, only] {
            let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
            rows::claim(&app.db, id, "gone").await;
            ids.push(id);
        }
        app.liveops.start_worker();
        app.reaches(ids[0], OperationState::FinishedOk).await;
        app.reaches(ids[1], OperationState::FinishedError).await;
        let path = |id| app.liveops.url(Troubled::OP_TYPE, id);
        assert_eq!(outcomes(&app, &path(ids[0])).await, ["lost", "finished"]);
        assert_eq!(outcomes(&app, &path(ids[1])).await, ["lost"]);
        let lost = &json(&app, "admin", &path(ids[1])).await["attempts"]["history"][0];
        assert_eq!((&lost["worker"], &lost["error"]), (&json!("gone"), &json!("The worker stopped responding.")));
        assert!(!page(&app, "ann", &path(ids[1])).await.contains(EARLIER), "the page shows it");
    }

    async fn a_cancelled_run_says_how_far_it_came(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reports::<Steps>(id, "in Load").await;
        app.gate.open(1);
        app.reports::<Steps>(id, "in Process").await;
        app.liveops.cancel(id).await.unwrap();
        app.reaches(id, OperationState::Cancelled).await;
        let path = app.liveops.url(Steps::OP_TYPE, id);
        let operation = json(&app, "ann", &path).await;
        assert_eq!(operation["percent"], 50.0, "{operation}");
        let listed = json(&app, "ann", "/live/").await;
        assert_eq!(listed["operations"][0]["percent"], 50.0, "{listed}");
        // A process that has no channel for the operation shows its row.
        let elsewhere = app_on(&db).await;
        for app in [&app, &elsewhere] {
            let shown = page(app, "ann", &path).await;
            assert!(shown.contains("Stopped at 1 of 2 · 50 %"), "{shown}");
        }
    }

    async fn staff_see_who_did_what(db: TestDatabase) {
        let app = app_on(&db).await;
        let request = Request::post("/live/test.steps/").header("x-user", "ann");
        let request = request.header("content-type", "application/json");
        let created = app.send(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        let id: OperationId = created.json()["id"].as_str().unwrap().parse().unwrap();
        let path = app.liveops.url(Steps::OP_TYPE, id);
        app.reports::<Steps>(id, "in Load").await;
        let request = Request::post("/live/bulk").header("x-user", "admin");
        let request = request.header("content-type", "application/json");
        let body = json!({ "action": "cancel", "ids": [id] }).to_string();
        let done = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        app.reaches(id, OperationState::Cancelled).await;
        send(&app, "ann", "POST", &format!("{path}retry"), "application/json").await;
        app.liveops.cancel(id).await.unwrap();

        let operation = json(&app, "admin", &path).await;
        let actions = operation["actions"].as_array().unwrap();
        let who: Vec<_> = actions.iter().map(|it| (it["action"].clone(), it["actor"].clone())).collect();
        let expected = [
            (json!("create"), json!("ann")),
            (json!("bulk_cancel"), json!("admin")),
            (json!("retry"), json!("ann")),
            (json!("cancel"), Value::Null),
        ];
        assert_eq!(who, expected);
        assert_eq!(json(&app, "ann", &path).await.get("actions"), None);
        let shown = page(&app, "admin", &path).await;
        let (_, actions) = shown.split_once("<ul class=\"liveops-actions\">").expect(&shown);
        let (actions, _) = actions.split_once("</ul>").unwrap();
        for expected in [
            "Created · <bdi>ann</bdi>",
            "Cancelled with others · <bdi>admin</bdi>",
            "Retried · <bdi>ann</bdi>",
            "Cancelled · the application",
        ] {
            assert!(actions.contains(expected), "{expected} in {actions}");
        }
        assert!(!page(&app, "ann", &path).await.contains("liveops-actions"));

        app.ends(id).await;
        assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 1);
        let list = page(&app, "admin", "/live/").await;
        assert!(list.contains("Old operations were last deleted on"), "{list}");
        assert!(!page(&app, "ann", "/live/").await.contains("last deleted"));
    }
}

#[tokio::test]
async fn an_open_page_lists_an_attempt_as_soon_as_the_next_one_begins() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::with(Builder::register::<Troubled>).await;
    let ways = [Way::FinishAtTheGate, Way::FinishAtTheGate, Way::FinishAtTheGate];
    let id = enqueue(&served.app, &ways).await;
    browser.goto(&served.page_of::<Troubled>(id)).await;
    browser.wait_for(".liveop[data-liveop-state=STARTED]").await;
    assert_eq!(browser.evaluate("document.querySelector('.op-history').innerText").await, "");
    served.app.gate.open(1);
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;

    // Asks first.
    browser.click(".op-confirm summary").await;
    let question = browser.text(".op-confirm p").await;
    assert!(question.starts_with("The result stays"), "{question}");
    browser.click(".op-retry button").await;
    browser.wait_for(".op-earlier li").await;
    browser.click(".op-history summary").await;
    served.app.gate.open(1);
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;

    // A list that the reader has opened stays open.
    browser.click(".op-confirm summary").await;
    browser.click(".op-retry button").await;
    browser.wait_until("document.querySelectorAll('.op-earlier li').length === 2").await;
    assert_eq!(browser.evaluate("document.querySelector('.op-history details').open").await, true);
    assert_eq!(browser.navigation_count().await, 0);
    assert_eq!(browser.console_errors().await, [""; 0]);
    browser.click(".op-earlier li:last-child a").await;
    browser.wait_until("document.querySelector('h1')?.innerText === 'Attempt 1'").await;
    let shown = browser.text("body").await;
    assert!(shown.contains("done by attempt 1"), "{shown}");
    served.app.gate.open(1);
}
