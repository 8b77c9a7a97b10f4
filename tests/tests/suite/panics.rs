//! Code of the application that panics while a request is answered, or beside a run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::FromRequestParts,
    http::{Request, StatusCode, request::Parts},
};
use liveops::{
    ChannelName, Config, LiveOperation, OperationId, OperationState, Progress, RetryContext, Run,
    RunResult, Viewer,
    channel::{ChannelError, ChannelLayer, ListChange, MemoryChannelLayer, Notice},
    form::FormErrors,
    testing::{Server, Socket},
    web,
};
use sea_orm::sea_query::Expr;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt;
use tracing::Level;

use crate::support::{
    app::{Answer, Gate, Greeting, TestApp, request},
    database::{TestDatabase, on_every_database},
    layer::{LayerOverrides, Overridden},
    log::{Line, Log},
    rows,
};

/// Panics before it is run once more.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
struct Fuse;

impl Run for Fuse {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }

    async fn on_retry(&self, retry: RetryContext<'_, Self>) -> RunResult<()> {
        rows::update(retry.id())
            .col_expr(rows::Column::Queue, Expr::value("asked"))
            .exec(retry.transaction())
            .await?;
        panic!("the secret fuse blew")
    }
}

/// Counts how often it begins, and changes its status until it is lost.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Begun)]
struct Restless;

#[derive(Debug, Clone, Default)]
struct Begun(Arc<AtomicU32>);

impl Begun {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Run for Restless {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().0.fetch_add(1, Ordering::Relaxed);
        for step in 0.. {
            p.status(format!("step {step}"));
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// Panics when a list is to show the progress of a run that has begun.
#[derive(Debug)]
struct Breaking(MemoryChannelLayer, Begun);

#[async_trait]
impl LayerOverrides for Breaking {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.0
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        let is_progress = matches!(notice, Notice::List(ListChange::Progress(_)));
        assert!(!is_progress || self.1.count() == 0, "the layer broke");
        self.0.announce(channel, notice).await
    }
}

/// Panics when its input is checked.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form, validate = Self::check)]
struct Checked {
    name: String,
}

impl Checked {
    fn check(&self) -> Result<(), FormErrors> {
        panic!("the secret check of {} broke", self.name)
    }
}

impl Run for Checked {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// A user whom nobody can make out.
struct Nobody;

impl<S: Sync> FromRequestParts<S> for Nobody {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        panic!("the secret session broke")
    }
}

impl From<Nobody> for Viewer {
    fn from(_: Nobody) -> Self {
        Viewer::new("nobody")
    }
}

async fn app(db: &TestDatabase) -> TestApp {
    TestApp::on(&db.url(), |builder| builder.register::<Fuse>().register::<Checked>()).await
}

async fn blown(app: &TestApp) -> OperationId {
    let id = app.liveops.enqueue(Fuse, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
    id
}

/// An answer that says that something went wrong, and nothing about it; the log does.
#[track_caller]
fn is_internal(answer: &Answer, log: &Log, secret: &str) {
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{answer:?}");
    assert!(answer.body.contains("Something went wrong"), "{}", answer.body);
    assert!(!answer.body.contains("secret"), "{}", answer.body);
    let is_logged = |line: &Line| line.level == tracing::Level::ERROR && line.text.contains(secret);
    assert!(log.lines().iter().any(is_logged), "{secret} is not in the log");
}

on_every_database! {
    async fn a_retry_whose_hook_panics_changes_nothing_and_says_so(db: TestDatabase) {
        let app = app(&db).await;
        let id = blown(&app).await;
        let before = app.liveops.find(id).await.unwrap();
        let path = format!("/live/test.fuse/{id}/retry");
        let log = Log::begin();
        let answer = app.ask("POST", &path).await;
        is_internal(&answer, &log, "the secret fuse blew");
        assert_eq!(answer.json()["error"]["code"], "internal");
        let page = app.post(&path).await;
        is_internal(&page, &log, "the secret fuse blew");
        assert!(page.body.contains("<html"), "{}", page.body);
        assert_eq!(app.liveops.find(id).await.unwrap(), before);
        app.liveops.retry(id).await.unwrap_err();
        assert_eq!(app.liveops.find(id).await.unwrap(), before);
    }

    async fn among_many_retries_a_hook_that_panics_stops_only_its_own(db: TestDatabase) {
        let app = app(&db).await;
        let fuse = blown(&app).await;
        let other = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
        app.reaches(other, OperationState::FinishedOk).await;
        let body = json!({ "action": "retry", "ids": [fuse, other] }).to_string();
        let bulk = Request::post("/live/bulk")
            .header("x-user", "admin")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = app.send(bulk).await.json();
        assert_eq!((&answer["done"], &answer["refused"]), (&json!(1), &json!(1)), "{answer}");
        assert_eq!(answer["results"][0]["error"]["code"], "internal");
        assert_eq!(answer["results"][1]["error"], Value::Null);
    }
}

#[tokio::test]
async fn a_check_of_an_input_that_panics_is_an_internal_error() {
    let app = app(&TestDatabase::sqlite_memory()).await;
    let log = Log::begin();
    let answer = app.post_json("/live/test.checked/", "{\"name\":\"Ann\"}").await;
    is_internal(&answer, &log, "the secret check of Ann broke");
    assert_eq!(answer.json()["error"]["code"], "internal");
}

#[tokio::test]
async fn a_session_that_panics_is_an_internal_error_on_every_route() {
    let app = app(&TestDatabase::sqlite_memory()).await;
    let id = blown(&app).await;
    let router: Router = Router::new().merge(web::router::<Nobody, ()>(&app.liveops));
    let page = format!("/live/test.fuse/{id}/");
    for (method, path) in [
        ("GET", "/live/".to_owned()),
        ("GET", page.clone()),
        ("POST", format!("{page}retry")),
        ("GET", format!("{page}events")),
        ("POST", "/live/token".to_owned()),
    ] {
        let log = Log::begin();
        let response = router.clone().oneshot(request(method, &path)).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        is_internal(&answer, &log, "the secret session broke");
    }
    // A connection is answered, and not closed.
    let server = Server::start(router).await;
    let refused = Socket::try_connect(&server.socket_url("/live/ws"), &[]).await;
    assert_eq!(refused.unwrap_err(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_run_whose_channel_layer_panics_ends_and_is_not_begun_again() {
    let (begun, log) = (Begun::default(), Log::begin());
    let config = Config::default().with_lease(Duration::from_secs(1));
    let app = TestApp::with(|builder| {
        builder
            .state(begun.clone())
            .register::<Restless>()
            .config(config)
            .channel_layer(Overridden(Breaking(MemoryChannelLayer::new(), begun.clone())))
            .state(Gate::new())
    })
    .await;
    let id = app.liveops.enqueue(Restless, "ann").await.unwrap();
    app.reaches(id, OperationState::FinishedError).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.error_message.as_deref(), Some("The worker stopped responding."));
    assert_eq!(begun.count(), 1, "the default is one attempt");
    let is_named =
        |line: &Line| line.level == Level::ERROR && line.text.contains("the layer broke");
    assert!(log.lines().iter().any(is_named), "{:?}", log.lines());
}
