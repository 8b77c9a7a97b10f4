//! Inputs at and beyond `Config::input_bytes_max`, in every way in which an operation is enqueued.

use axum::http::StatusCode;
use liveops::{
    Config, LiveOperation, OperationState, Progress, Run, RunResult,
    operation::NewOperation,
    runner::{Builder, EnqueueError},
};
use sea_orm::TransactionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::app::{Gate, Greeting, TestApp, request};

/// `{"name":""}` has 11 bytes.
const BYTES_MAX: usize = 1_000 + 11;

/// Hands over to a [`Greeting`] of a name with this length.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct HandsOver {
    name_len: usize,
}

impl Run for HandsOver {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.chain_to(greeting(self.name_len));
        Ok(())
    }
}

fn greeting(name_len: usize) -> Greeting {
    Greeting { name: "n".repeat(name_len) }
}

async fn app() -> TestApp {
    let config = Config::default().with_input_bytes_max(BYTES_MAX);
    let change = |builder: Builder<Gate>| builder.register::<HandsOver>().config(config);
    TestApp::with(change).await
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(enqueued: Result<T, EnqueueError>) {
    let error = enqueued.unwrap_err();
    assert!(matches!(error, EnqueueError::InputTooLarge { bytes_max: BYTES_MAX, found: 1_012 }));
    let message = "expected an input of at most 1011 bytes as JSON, found 1012; store large data \
                   elsewhere and refer to it, or raise `Config::input_bytes_max`";
    assert_eq!(error.to_string(), message);
}

#[tokio::test]
async fn an_input_that_is_too_large_is_not_enqueued() {
    let app = app().await;
    is_refused(app.liveops.enqueue(greeting(1_001), "ann").await);
    let new = NewOperation::new(&greeting(1_001), "ann").unwrap();
    is_refused(app.liveops.enqueue_new(new).await);
    let transaction = app.db.begin().await.unwrap();
    is_refused(app.liveops.enqueue_in(&transaction, greeting(1_001), "ann").await);
    transaction.rollback().await.unwrap();
    let largest = app.liveops.enqueue(greeting(1_000), "ann").await.unwrap();
    app.reaches(largest, OperationState::FinishedOk).await;
    assert_eq!(app.liveops.list(&Default::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_input_that_is_too_large_is_answered_with_the_limit() {
    let app = app().await;
    let name = greeting(1_001).name;
    let message = "The input has 1,012 bytes; at most 1,011 bytes are allowed.";
    let json = app.post_json("/live/test.greeting/", &json!({ "name": name }).to_string()).await;
    assert_eq!(json.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(json.json()["error"], json!({ "code": "too_large", "message": message }));
    for is_partial in [false, true] {
        let mut form = request("POST", "/live/test.greeting/");
        *form.body_mut() = format!("name={name}").into();
        let headers = form.headers_mut();
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        if is_partial {
            headers.insert("hx-request", "true".parse().unwrap());
        }
        let answer = app.send(form).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(answer.body.contains(message), "{}", answer.body);
    }
    assert_eq!(app.liveops.list(&Default::default(), 10).await.unwrap(), []);
    let fits = app.post_json("/live/test.greeting/", r#"{"name":"Ann"}"#).await;
    assert_eq!(fits.status, StatusCode::CREATED);
    assert_eq!(app.send(request("GET", "/live/")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_run_that_chains_to_an_input_that_is_too_large_fails_and_says_so() {
    let app = app().await;
    let id = app.liveops.enqueue(HandsOver { name_len: 1_001 }, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedError).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    let expected = "expected an input of at most 1011 bytes as JSON, found 1012";
    assert_eq!(row.traceback.as_deref(), Some(expected));
    let id = app.liveops.enqueue(HandsOver { name_len: 1_000 }, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
}
