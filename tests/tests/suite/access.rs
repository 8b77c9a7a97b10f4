//! Access: the paths of the routes, creation by requests, the access policy, and the end of open connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use liveops::{
    ChannelName, Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    RunnerKind, UserId, Viewer,
    access::{AccessPolicy, AccessedOperation},
    channel::{ListChange, MemoryChannelLayer, RowProgress},
    runner::Builder,
    store::ListFilter,
    testing::Socket,
    web,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, ChainStart, Gate, Greeting, Nothing, Steps, TestApp},
    events::Events,
    routes::ROUTES,
    served::{Served, is_subscribed},
};

/// Ann and ben are a team: each sees the operations of the other. Nobody else sees an operation of `board`.
/// Only ann creates a [`Nothing`].
#[derive(Debug)]
struct Team;

impl AccessPolicy for Team {
    fn may_create(&self, viewer: &Viewer, op_type: &str) -> bool {
        op_type != Nothing::OP_TYPE || viewer.id == "ann".into()
    }

    fn may_see(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
        let is_of_team = |user: &str| ["ann", "ben"].contains(&user);
        let is_public = viewer.is_staff && operation.owner != "board";
        let is_mate = is_of_team(viewer.id.as_str()) && is_of_team(operation.owner);
        operation.is_owned_by(viewer) || is_mate || is_public
    }
}

/// Refuses everything once it is revoked.
#[derive(Debug, Clone, Default)]
struct Revocable(Arc<AtomicBool>);

impl AccessPolicy for Revocable {
    fn may_see(&self, _: &Viewer, _: &AccessedOperation<'_>) -> bool {
        !self.0.load(Ordering::Acquire)
    }
}

/// Everybody sees every operation but a [`Greeting`], which only its owner sees.
#[derive(Debug)]
struct PrivateGreetings;

impl AccessPolicy for PrivateGreetings {
    fn may_see(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
        operation.op_type != Greeting::OP_TYPE || operation.is_owned_by(viewer)
    }
}

/// Has no form, and is not public.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Unlisted {}

impl Run for Unlisted {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

async fn send(app: &TestApp, user: &str, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-user", user);
    let request = request.header(header::ACCEPT, "application/json");
    let request = request.header(header::CONTENT_TYPE, "application/json");
    app.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn team() -> TestApp {
    TestApp::with(|builder| builder.runner(RunnerKind::Eager).access_policy(Team)).await
}

async fn greeting(app: &TestApp, owner: &str) -> OperationId {
    app.liveops.enqueue(Greeting { name: "x".into() }, owner).await.unwrap()
}

async fn connect(served: &Served, user: &str) -> Socket {
    Socket::connect(&served.server.socket_url("/live/ws"), &[("x-user", user)]).await
}

/// Subscribes with a valid token, even if the viewer may not see the operation.
async fn subscribe(served: &Served, socket: &mut Socket, user: &str, channel: &ChannelName) {
    let token = served.token(user, channel);
    socket.send(&json!({ "type": "subscribe", "token": token })).await;
}

async fn follow(served: &Served, user: &str, channel: &ChannelName) -> Socket {
    let mut socket = connect(served, user).await;
    subscribe(served, &mut socket, user, channel).await;
    socket.next_matching("the subscription", is_subscribed).await;
    socket
}

#[tokio::test]
async fn a_path_is_not_found_unless_it_spells_the_op_type_as_it_is() {
    let app = TestApp::eager().await;
    let id = greeting(&app, "ann").await;
    let spellings = [
        "test%2Egreeting",
        "test%2egreeting",
        "%74est.greeting",
        "test.g%72eeting",
        "test.Greeting",
        "TEST.greeting",
        "test.greeting%20",
        "test.greeting%00",
        "test.greeting%2F",
        "test.greeting;a=b",
        "test.greeting.",
        "test..greeting",
    ];
    let routes = ROUTES.iter().filter(|route| route.path.contains("{op_type}"));
    assert_eq!(routes.clone().count(), 12);
    for route in routes {
        for spelling in spellings {
            let path = route.of(spelling, id);
            for user in ["ann", "admin"] {
                let method = route.method.to_uppercase();
                let answer = send(&app, user, &method, &path, r#"{"name":"Ann"}"#).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{user} {method} {path}");
            }
        }
    }
    let id = id.to_string();
    let encoded = format!("/live/test.greeting/%{:x}{}/", id.as_bytes()[0], &id[1..]);
    assert_eq!(app.get(&encoded).await.status, StatusCode::NOT_FOUND, "{encoded}");
    assert_eq!(app.liveops.count(&ListFilter::new()).await.unwrap(), 1, "nothing was created");
}

#[tokio::test]
async fn a_request_creates_only_an_operation_that_is_public_or_has_a_form() {
    let app = TestApp::with(Builder::register::<Unlisted>).await;
    for user in ["ann", "admin"] {
        let answer = send(&app, user, "POST", "/live/test.unlisted/", "{}").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{user}: {answer:?}");
    }
    assert_eq!(app.liveops.count(&ListFilter::new()).await.unwrap(), 0);
    let answer = send(&app, "ann", "POST", "/live/test.nothing/", "{}").await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let id = app.liveops.enqueue(Unlisted {}, "ann").await.unwrap();
    app.ends(id).await;
    let page = app.get(&app.liveops.url(Unlisted::OP_TYPE, id)).await;
    assert_eq!(page.status, StatusCode::OK, "its owner sees it");
}

#[tokio::test]
async fn a_policy_decides_who_creates() {
    let app = team().await;
    for (user, expected) in [("ann", StatusCode::CREATED), ("ben", StatusCode::FORBIDDEN)] {
        let answer = send(&app, user, "POST", "/live/test.nothing/", "{}").await;
        assert_eq!(answer.status, expected, "{user}: {answer:?}");
    }
    let refused = send(&app, "ben", "POST", "/live/test.nothing/", "{}").await;
    let message = "You don't have permission to do this.";
    assert_eq!(refused.json()["error"], json!({ "code": "forbidden", "message": message }));
    let form = send(&app, "ben", "GET", "/live/test.nothing/", "").await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_policy_lets_a_team_see_and_not_change() {
    let app = team().await;
    let id = greeting(&app, "ann").await;
    let page = app.liveops.url(Greeting::OP_TYPE, id);
    for (user, shows, acts) in [
        ("ann", StatusCode::OK, StatusCode::CONFLICT),
        ("ben", StatusCode::OK, StatusCode::FORBIDDEN),
        ("eve", StatusCode::NOT_FOUND, StatusCode::NOT_FOUND),
        ("admin", StatusCode::OK, StatusCode::CONFLICT),
    ] {
        for path in [page.clone(), format!("{page}log")] {
            assert_eq!(send(&app, user, "GET", &path, "").await.status, shows, "{user} {path}");
        }
        // An operation that has ended cannot be cancelled: a 409 for those who may.
        let cancel = send(&app, user, "POST", &format!("{page}cancel"), "").await;
        assert_eq!(cancel.status, acts, "{user}");
        let body = json!({ "channels": [ChannelName::operation(id).as_str()] }).to_string();
        let tokens = send(&app, user, "POST", "/live/token", &body).await.json();
        let tokens = tokens["tokens"].as_object().unwrap().len();
        assert_eq!(tokens == 1, shows == StatusCode::OK, "{user}");
        let viewer = Viewer::new(user).with_staff(user == "admin");
        let element = web::embed(&app.liveops, &viewer, id).await.unwrap();
        assert_eq!(element.is_some(), shows == StatusCode::OK, "{user}");
        let is_read_only = element.is_some_and(|html| html.0.contains(" data-liveop-read-only "));
        assert_eq!(is_read_only, user == "ben", "{user}");
    }
    let retried = send(&app, "ben", "POST", &format!("{page}retry"), "").await;
    assert_eq!(retried.status, StatusCode::FORBIDDEN);
    assert_eq!(app.liveops.find(id).await.unwrap().unwrap().attempt, 1);
}

#[tokio::test]
async fn a_list_leaves_out_the_rows_that_the_policy_refuses() {
    let app = team().await;
    let (anns, boards) = (greeting(&app, "ann").await, greeting(&app, "board").await);
    for accept in ["text/html", "application/json"] {
        let request = Request::get("/live/").header("x-user", "admin").header("accept", accept);
        let list = app.send(request.body(Body::empty()).unwrap()).await;
        assert!(list.body.contains(&anns.to_string()), "{accept}: {}", list.body);
        assert!(!list.body.contains(&boards.to_string()), "{accept}: {}", list.body);
        let search = Request::get(format!("/live/?q={boards}")).header("x-user", "admin");
        let search = search.header("accept", accept).body(Body::empty()).unwrap();
        let found = app.send(search).await;
        assert!(!found.body.contains(&app.liveops.url(Greeting::OP_TYPE, boards)), "{accept}");
    }
    let body = json!({ "action": "retry", "ids": [anns, boards] }).to_string();
    let bulk = send(&app, "admin", "POST", "/live/bulk", &body).await.json();
    assert_eq!((&bulk["done"], &bulk["refused"]), (&json!(1), &json!(1)), "{bulk}");
    assert_eq!(bulk["results"][1]["error"]["code"], "not_found", "{bulk}");
    assert_eq!(app.liveops.find(boards).await.unwrap().unwrap().attempt, 1);
}

#[tokio::test]
async fn a_live_list_leaves_out_the_rows_that_the_policy_refuses() {
    let served = Served::build(Config::default(), |builder| builder.access_policy(Team)).await;
    let list = ChannelName::all();
    let mut socket = follow(&served, "admin", &list).await;
    let url = served.server.url("/live/events");
    let mut events = Events::open(&url, &[("x-user", "admin")]).await;
    assert_eq!(events.next().await.unwrap().event, "operations-changed");
    let layer = served.app.liveops.channel_layer();
    for owner in ["board", "ann"] {
        let progress = RowProgress {
            id: OperationId::new(),
            op_type: "test.steps".into(),
            owner: Some(owner.into()),
            html: format!("<div>of {owner}</div>").into(),
        };
        layer.announce(&list, ListChange::Progress(progress).into()).await.unwrap();
    }
    let message = socket.next_message().await;
    assert!(message.to_string().contains("of ann"), "the first message: {message}");
    let row = events.next().await.unwrap();
    assert_eq!(row.data, "<div>of ann</div>");
}

#[tokio::test]
async fn a_page_is_not_handed_over_to_an_operation_that_the_policy_refuses() {
    let config = Config::default();
    let served = Served::build(config, |builder| builder.access_policy(PrivateGreetings)).await;
    let start = ChainStart { name: "Ann".into() };
    let id = served.app.liveops.enqueue(start, "ann").await.unwrap();
    let channel = ChannelName::operation(id);
    let mut anns = follow(&served, "ann", &channel).await;
    let mut bens = follow(&served, "ben", &channel).await;
    served.app.gate.open(1);
    anns.next_matching("the next operation", |message| !message["liveop_chain"].is_null()).await;
    let is_end = |message: &Value| {
        assert!(message["liveop_chain"].is_null(), "{message}");
        !message["liveop_finished"].is_null()
    };
    bens.next_matching("the end", is_end).await;
    // Also to a page that connects later.
    let mut later = connect(&served, "ben").await;
    subscribe(&served, &mut later, "ben", &channel).await;
    later.next_matching("the end", is_end).await;
    later
        .next_matching("the subscription", |message| is_end(message) || is_subscribed(message))
        .await;
    bens.send(&json!({ "type": "subscribe", "token": served.token("ben", &ChannelName::all()) }))
        .await;
    let refusal = bens.next_message().await;
    assert_eq!(refusal["code"], 4403, "nothing before the answer: {refusal}");
    // Nor does the JSON name the operation, for those who may not see it.
    let path = served.app.liveops.url(ChainStart::OP_TYPE, id);
    let next = served.app.next_of(id).await.unwrap().operation_id().to_string();
    for (viewer, expected) in [("ann", json!(next)), ("ben", Value::Null)] {
        let json = send(&served.app, viewer, "GET", &path, "").await.json();
        assert_eq!(json["chained_to"], expected, "{viewer}: {json}");
    }
}

/// Everybody sees everything except Carl, who sees greetings only.
#[derive(Debug)]
struct OnlyGreetingsForCarl;

impl AccessPolicy for OnlyGreetingsForCarl {
    fn may_see(&self, viewer: &Viewer, operation: &AccessedOperation<'_>) -> bool {
        viewer.id.as_str() != "carl" || operation.op_type == Greeting::OP_TYPE
    }
}

#[tokio::test]
async fn a_page_does_not_name_a_previous_operation_that_the_policy_refuses() {
    let app = TestApp::with(|builder| builder.access_policy(OnlyGreetingsForCarl)).await;
    let id = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    app.gate.open(1);
    app.ends(id).await;
    let next = app.next_of(id).await.unwrap().operation_id();
    let path = app.liveops.url(Greeting::OP_TYPE, next);
    for (viewer, sees) in [("ann", true), ("carl", false)] {
        let request = Request::get(&path).header("x-user", viewer);
        let page = app.send(request.body(Body::empty()).unwrap()).await.body;
        assert_eq!(page.contains(&id.to_string()), sees, "{viewer}: {page}");
        let json = send(&app, viewer, "GET", &path, "").await.json();
        assert_eq!(json["chained_from"].is_string(), sees, "{viewer}: {json}");
    }
}

/// A token for a channel is no permission: the viewer may have lost the rights for which the token was signed.
#[tokio::test]
async fn a_token_from_before_a_demotion_opens_nothing() {
    let served = Served::start().await;
    let running = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    served.app.reaches(running, OperationState::Started).await;
    let ended = greeting(&served.app, "ann").await;
    served.app.ends(ended).await;
    let channels = [
        ChannelName::operation(running),
        ChannelName::operation(ended),
        ChannelName::all(),
        ChannelName::owner(&UserId::from("ann")),
    ];
    for channel in channels {
        // The tokens of a former member of staff.
        let mut socket = connect(&served, "eve").await;
        subscribe(&served, &mut socket, "eve", &channel).await;
        let refusal = socket.next_message().await;
        assert_eq!(refusal, json!({ "type": "error", "code": 4403, "message": "not allowed" }));
        assert_eq!(socket.closed().await, 4403, "{channel}");
        follow(&served, "admin", &channel).await;
    }
}

#[tokio::test]
async fn a_keepalive_ends_what_the_policy_has_revoked() {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    let policy = Revocable::default();
    let served = Served::build(config, |builder| builder.access_policy(policy.clone())).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    served.app.reaches(id, OperationState::Started).await;
    let mut socket = follow(&served, "ann", &ChannelName::operation(id)).await;
    let url = served.server.url(&format!("{}events", served.app.liveops.url(Steps::OP_TYPE, id)));
    let mut events = Events::open(&url, &[]).await;
    events.next_matching(|event| event.data.contains("ping")).await;
    policy.0.store(true, Ordering::Release);
    let is_refusal = |message: &Value| message["code"] == 4403;
    socket.next_matching("the refusal", is_refusal).await;
    assert_eq!(socket.closed().await, 4403);
    events.next_matching(|event| event.data.contains("4403")).await;
    assert!(events.next().await.is_none(), "the stream has ended");
}

#[tokio::test]
async fn a_disconnected_viewer_leaves_every_process() {
    let layer = MemoryChannelLayer::new();
    let build = async || {
        let layer = layer.clone();
        let only_web =
            |builder: Builder<Gate>| builder.channel_layer(layer).runner(RunnerKind::Worker);
        Served::build(Config::default(), only_web).await
    };
    let (here, there) = (build().await, build().await);
    let list = |user: &str| ChannelName::owner(&UserId::from(user));
    let mut cut = Vec::new();
    for served in [&here, &there] {
        cut.push(follow(served, "ann", &list("ann")).await);
    }
    let mut bobs = follow(&there, "bob", &list("bob")).await;
    let mut events = Events::open(&there.server.url("/live/events"), &[]).await;
    events.next().await.unwrap();

    here.app.liveops.disconnect(&"ann".into()).await;
    for mut socket in cut {
        let message = "disconnected by the application";
        let expected = json!({ "type": "error", "code": 4401, "message": message });
        assert_eq!(socket.next_message().await, expected);
        assert_eq!(socket.closed().await, 4401);
    }
    while events.next().await.is_some() {}

    // Bob's connection and later ones of ann's stay.
    let mut later = follow(&there, "ann", &list("ann")).await;
    for (user, socket) in [("bob", &mut bobs), ("ann", &mut later)] {
        layer_announces(&there, &list(user)).await;
        let change = socket.next_message().await;
        assert_eq!(change["liveop_list_changed"], true, "{user}: {change}");
    }
}

async fn layer_announces(served: &Served, list: &ChannelName) {
    let layer = served.app.liveops.channel_layer();
    layer.announce(list, ListChange::Rows.into()).await.unwrap();
}

#[tokio::test]
async fn a_request_is_refused_when_too_many_operations_of_its_viewer_wait() {
    let config = Config::default().with_waiting_per_owner_max(2);
    let app = TestApp::with(|builder| builder.config(config).runner(RunnerKind::Worker)).await;
    let create = async |user: &str| send(&app, user, "POST", "/live/test.nothing/", "{}").await;
    for _ in 0..2 {
        assert_eq!(create("ann").await.status, StatusCode::CREATED);
    }
    let refused = create("ann").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    assert_eq!(refused.header("retry-after"), "30");
    let message = "You already have 2 waiting operations. Wait until some of them have started.";
    let expected = json!({ "code": "too_many_waiting", "message": message });
    assert_eq!(refused.json()["error"], expected);
    assert_eq!(create("bob").await.status, StatusCode::CREATED, "of another owner");
    let by_code = app.liveops.enqueue(Nothing, "ann").await.unwrap();
    app.liveops.cancel(by_code).await.unwrap();
    assert_eq!(create("ann").await.status, StatusCode::TOO_MANY_REQUESTS);
    let waiting = app.liveops.list(&ListFilter::new().with_owner("ann"), 9).await.unwrap();
    for row in waiting.iter().filter(|row| row.state() == OperationState::NotStarted).take(1) {
        app.liveops.cancel(row.operation_id()).await.unwrap();
    }
    assert_eq!(create("ann").await.status, StatusCode::CREATED, "one waits no longer");
}

#[tokio::test]
async fn one_owner_does_not_occupy_every_slot() {
    let config = Config::default().with_concurrency_max(8);
    let app = TestApp::with(|builder| builder.config(config)).await;
    let mut anns = Vec::new();
    for _ in 0..20 {
        anns.push(app.liveops.enqueue(Steps {}, "ann").await.unwrap());
    }
    app.reaches(anns[6], OperationState::Started).await;
    let bobs = app.liveops.enqueue(Nothing, "bob").await.unwrap();
    app.reaches(bobs, OperationState::FinishedOk).await;
    let running = ListFilter::new().with_owner("ann").with_state(OperationState::Started);
    assert_eq!(app.liveops.count(&running).await.unwrap(), 7, "seven eighths of the slots");
}

#[tokio::test]
async fn the_next_operation_of_an_owner_at_the_limit_starts_when_one_ends() {
    let mut config = Config::default().with_running_per_owner_max(2);
    // Too late for this test.
    config.poll_interval = Duration::from_secs(600);
    let app = TestApp::with(|builder| builder.config(config)).await;
    let mut anns = Vec::new();
    for _ in 0..9 {
        anns.push(app.liveops.enqueue(Steps {}, "ann").await.unwrap());
    }
    app.reaches(anns[1], OperationState::Started).await;
    app.gate.open(3 * anns.len());
    for id in anns {
        app.ends(id).await;
    }
}
