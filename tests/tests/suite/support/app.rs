//! An application with one operation for every way a run can go.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header, request::Parts, response},
};
use liveops::{
    ChannelName, Config, LiveOperation, LiveOps, OperationId, OperationState, Progress, Run,
    RunError, RunResult, RunnerKind, Templates, Viewer,
    runner::Builder,
    store::{self, Model},
    web,
};
use maud::html;
use sea_orm::DatabaseConnection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::numbers::{Numbers, Padded};

/// What the operations wait for: a permit lets one of them take one step.
#[derive(Debug, Clone)]
pub(crate) struct Gate(pub Arc<Semaphore>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets the operations take this many steps.
    pub(crate) fn open(&self, steps: usize) {
        self.0.add_permits(steps);
    }

    pub(crate) async fn pass(&self) {
        self.0.acquire().await.unwrap().forget();
    }
}

/// Says hello.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
pub(crate) struct Greeting {
    pub(crate) name: String,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Greeted {
    pub(crate) greeting: String,
    pub(crate) letters: usize,
}

impl Run for Greeting {
    type Output = Greeted;

    async fn run(&self, p: Progress<Self>) -> RunResult<Greeted> {
        p.status(format!("greeting {}", self.name));
        p.log(format!("hello, {}", self.name));
        Ok(Greeted { greeting: format!("Hello, {}!", self.name), letters: self.name.len() })
    }
}

/// Has no input at all.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
pub(crate) struct Nothing;

impl Run for Nothing {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// Takes a step in each of its stages when the gate opens. May run again after a shutdown.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Process", "Save")]
#[liveop(app = "test", state = Gate, on_shutdown = "requeue", public)]
pub(crate) struct Steps {}

impl Run for Steps {
    type Output = u32;

    async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
        let gate = p.state().clone();
        for stage in [StepsStage::Load, StepsStage::Process, StepsStage::Save] {
            p.stage(stage, async {
                p.status(format!("in {stage}"));
                p.log(format!("entered {stage}"));
                p.set(1, 2);
                if let Some(web) = p.web() {
                    web.append("trail", html! { span { (stage) } });
                }
                tokio::select! {
                    () = gate.pass() => Ok(()),
                    () = p.cancelled() => Ok(p.check_cancelled()?),
                }
            })
            .await?;
        }
        Ok(3)
    }
}

/// Ends in the way it is told to.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", public)]
pub(crate) struct Ending {
    pub(crate) how: How,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    UserError,
    InternalError,
    Panic,
    Unserializable,
    Redirect,
    Markup,
}

/// The text that must never reach a page as markup.
pub(crate) const MARKUP: &str = "<script>alert(1)</script>";

impl Run for Ending {
    type Output = HashMap<Key, String>;

    async fn run(&self, p: Progress<Self>) -> RunResult<Self::Output> {
        match self.how {
            How::UserError => Err(RunError::user("The file has no header")),
            How::InternalError => Err("the secret database is down".into()),
            How::Panic => panic!("the secret invariant broke"),
            How::Unserializable => Ok(HashMap::from([(Key::Pair(1, 2), String::new())])),
            How::Redirect => {
                p.web().unwrap().redirect("/thanks");
                Ok(HashMap::new())
            }
            How::Markup => {
                p.status(MARKUP);
                p.log(MARKUP);
                Ok(HashMap::from([(Key::Text(MARKUP.to_owned()), MARKUP.to_owned())]))
            }
        }
    }
}

/// A key that JSON has no form for in one of its cases.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Key {
    Text(String),
    Pair(u8, u8),
}

/// Keeps its thread, and so cannot be stopped, until the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, public)]
pub(crate) struct Unstoppable;

impl Run for Unstoppable {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("holding on");
        // Whoever shows that may have been given to this very thread.
        tokio::task::yield_now().await;
        while p.state().0.try_acquire().is_err() {
            std::thread::yield_now();
        }
        Ok(())
    }
}

/// Hands over to a [`Greeting`].
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, public)]
pub(crate) struct ChainStart {
    pub(crate) name: String,
}

impl Run for ChainStart {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        p.chain_to(Greeting { name: self.name.clone() });
        Ok(())
    }
}

/// The user whom the header `x-user` names; `admin` is staff.
pub(crate) struct HeaderUser(String);

impl<S: Sync> FromRequestParts<S> for HeaderUser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user = parts.headers.get("x-user").and_then(|user| user.to_str().ok());
        Ok(Self(user.unwrap_or("ann").to_owned()))
    }
}

impl From<HeaderUser> for Viewer {
    fn from(HeaderUser(user): HeaderUser) -> Self {
        let is_admin = user == "admin";
        Self::new(user).with_staff(is_admin)
    }
}

fn registered(db: DatabaseConnection, gate: Gate) -> Builder<Gate> {
    LiveOps::builder(db)
        .state(gate)
        .register::<Greeting>()
        .register::<Nothing>()
        .register::<Steps>()
        .register::<Ending>()
        .register::<ChainStart>()
        .register::<Unstoppable>()
        .register::<Numbers>()
        .register::<Padded>()
}

pub(crate) struct TestApp {
    pub(crate) liveops: LiveOps,
    pub(crate) db: DatabaseConnection,
    pub(crate) router: Router,
    pub(crate) gate: Gate,
}

impl TestApp {
    /// The texts of the newest lines that an operation logged.
    pub(crate) async fn log(&self, id: OperationId) -> Vec<String> {
        let lines = self.liveops.log(id).await.unwrap();
        lines.into_iter().map(|line| line.text).collect()
    }

    /// On SQLite in memory, running operations in the background.
    pub(crate) async fn spawn() -> Self {
        Self::with(|builder| builder).await
    }

    /// On SQLite in memory, running operations on the spot.
    pub(crate) async fn eager() -> Self {
        Self::with(|builder| builder.runner(RunnerKind::Eager)).await
    }

    pub(crate) async fn with(change: impl FnOnce(Builder<Gate>) -> Builder<Gate>) -> Self {
        Self::on("sqlite::memory:", change).await
    }

    pub(crate) async fn on(
        database_url: &str,
        change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
    ) -> Self {
        Self::over(store::connect(database_url).await.unwrap(), change).await
    }

    /// Starts the application on a pool of the test.
    pub(crate) async fn over(
        db: DatabaseConnection,
        change: impl FnOnce(Builder<Gate>) -> Builder<Gate>,
    ) -> Self {
        let gate = Gate::new();
        let mut config = Config::default();
        config.upload_bytes_max = 64 << 10;
        let builder = registered(db.clone(), gate.clone())
            .templates(Templates::new().result::<Greeting>(|greeted, _| {
                html! { p class="greeting" { (greeted.greeting) } }
            }))
            .config(config);
        let liveops = change(builder).build().unwrap();
        liveops.migrate().await.unwrap();
        let router = Router::new().merge(web::router::<HeaderUser, ()>(&liveops));
        Self { liveops, db, router, gate }
    }

    /// A process with the same database, which tells this one nothing and runs nothing.
    pub(crate) fn elsewhere(&self, change: impl FnOnce(Builder<Gate>) -> Builder<Gate>) -> LiveOps {
        let builder = registered(self.db.clone(), Gate::new()).runner(RunnerKind::Worker);
        change(builder).build().unwrap()
    }

    /// The operation that this one handed over to.
    pub(crate) async fn next_of(&self, id: OperationId) -> Option<Model> {
        let row = self.liveops.find(id).await.unwrap()?;
        self.liveops.find(row.chained_to?.into()).await.unwrap()
    }

    /// Waits until the row of the operation says `state`.
    pub(crate) async fn reaches(&self, id: OperationId, state: OperationState) {
        self.until(id, |now| now == state).await;
    }

    /// Waits until the operation has ended, in whichever way.
    pub(crate) async fn ends(&self, id: OperationId) {
        self.until(id, OperationState::is_terminal).await;
    }

    async fn until(&self, id: OperationId, holds: impl Fn(OperationState) -> bool) {
        self.until_row(id, |row| holds(row.state())).await;
    }

    /// Waits until the row of the operation is as it should be.
    ///
    /// The list of everybody's hears of every change of state, so there is no need to ask again and
    /// again.
    pub(crate) async fn until_row(&self, id: OperationId, holds: impl Fn(&Model) -> bool) {
        let list = ChannelName::all();
        let mut changes = self.liveops.channel_layer().subscribe(&list).await.unwrap();
        let mut last = None;
        let reached = async {
            loop {
                let row = self.liveops.find(id).await.unwrap().unwrap();
                if holds(&row) {
                    return;
                }
                last = Some(row);
                let _ = changes.next().await;
            }
        };
        let reached = tokio::time::timeout(std::time::Duration::from_secs(30), reached).await;
        assert!(reached.is_ok(), "{id} stays {last:?}");
    }

    /// Waits until the page of the operation would show `text`.
    pub(crate) async fn reports<Op: Run>(&self, id: OperationId, text: &str) {
        self.reports_to::<Op>("ann", id, text).await;
    }

    /// Waits until the page of the operation would show `text` to this user.
    pub(crate) async fn reports_to<Op: Run>(
        &self,
        user: &'static str,
        id: OperationId,
        text: &str,
    ) {
        let channel = ChannelName::operation(id);
        let mut changes = self.liveops.channel_layer().subscribe(&channel).await.unwrap();
        let path = self.liveops.url(Op::OP_TYPE, id);
        let page = async || {
            let mut request = request("GET", &path);
            request.headers_mut().insert("x-user", HeaderValue::from_static(user));
            self.send(request).await.body
        };
        while !page().await.contains(text) {
            changes.next().await.unwrap().unwrap();
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send(request("POST", path)).await
    }

    /// What a program gets that asks for JSON.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Answer {
        let mut request = request(method, path);
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        self.send(request).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The status and headers of an answer that may go on for ever.
    pub(crate) async fn head(&self, request: Request<Body>) -> response::Parts {
        self.router.clone().oneshot(request).await.unwrap().into_parts().0
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

pub(crate) fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The sentence of an answer while the database is busy.
pub(crate) const BUSY: &str = "The server is busy. Try again in a moment.";

impl Answer {
    /// Checks that the answer contains `Retry-After`.
    #[track_caller]
    pub(crate) fn assert_busy(&self) {
        assert_eq!(self.status, StatusCode::SERVICE_UNAVAILABLE, "{}", self.body);
        assert_eq!(self.header("retry-after"), "5");
        assert!(self.body.contains(BUSY), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("no `{name}` in {:?}", self.headers)).to_str().unwrap()
    }
}

/// Implements operations that end at once.
macro_rules! nothing_to_run {
    ($($op:ty)*) => {
        $(impl ::liveops::Run for $op {
            type Output = ();

            async fn run(&self, _: ::liveops::Progress<Self>) -> ::liveops::RunResult<()> {
                Ok(())
            }
        })*
    };
}

pub(crate) use nothing_to_run;
