//! Whoever an operation does not belong to learns nothing of it, not even that it is there.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use liveops::{ChannelName, OperationId, OperationState, UserId, Viewer, testing::Socket, web};
use serde_json::{Value, json};

use crate::support::{
    app::{Greeting, Steps, TestApp},
    events::Events,
    routes::{Kind, ROUTES, Route, routes_that},
    served::{Served, is_subscribed},
};

/// What only ann's operations have in them.
const ANNS: &str = "annabel";

async fn anns(app: &TestApp) -> OperationId {
    app.liveops.enqueue(Greeting { name: ANNS.into() }, "ann").await.unwrap()
}

/// The ways in which a request may want its answer.
const FORMS: [(&str, &str); 4] = [
    ("accept", "text/html"),
    ("accept", "application/json"),
    ("accept", "text/event-stream"),
    ("hx-request", "true"),
];

fn asks(user: &str, route: &Route, path: &str, form: (&str, &str)) -> Request<Body> {
    let request = Request::builder().method(route.method.to_uppercase().as_str()).uri(path);
    request.header("x-user", user).header(form.0, form.1).body(Body::empty()).unwrap()
}

/// The router names its routes in one place, so that this can read them off.
#[test]
fn every_route_is_in_the_table() {
    let router = include_str!("../../../liveops/src/web/router.rs");
    let text: String = router.split_whitespace().collect();
    let routes = text.split(".route(&at(\"").skip(1).flat_map(|route| {
        let (path, rest) = route.split_once("\"),").unwrap();
        let is_there = move |method: &&str| {
            rest.starts_with(&format!("{method}(")) || rest.contains(&format!(").{method}("))
        };
        ["get", "post", "put", "patch", "delete"]
            .into_iter()
            .filter(is_there)
            .map(move |method| (method, path))
    });
    let known: Vec<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    assert_eq!(routes.collect::<Vec<_>>(), known, "a route is new: say in ROUTES what it is");
}

#[tokio::test]
async fn by_every_route_it_is_as_if_there_were_none() {
    let app = TestApp::eager().await;
    let id = anns(&app).await;
    let absent = OperationId::new();
    let routes = routes_that(|kind| matches!(kind, Kind::Shows | Kind::ShowsStaff | Kind::Acts));
    assert_eq!(routes.len(), ROUTES.iter().filter(|route| route.path.contains("{id}")).count());
    for route in routes {
        for form in FORMS {
            let path = |id| route.of("test.greeting", id);
            let of = async |id| app.send(asks("bob", &route, &path(id), form)).await;
            let (theirs, none) = (of(id).await, of(absent).await);
            let what = format!("{} {} {form:?}: {theirs:?}", route.method, route.path);
            assert_eq!(theirs.status, none.status, "{what}");
            assert_eq!(theirs.body, none.body, "{what}");
            assert_eq!(theirs.headers, none.headers, "{what}");
            assert_ne!(theirs.status, StatusCode::OK, "{what}");

            // Who may know of it: its owner, or staff alone, whom the owner is a stranger among.
            let is_for_staff = route.kind == Kind::ShowsStaff;
            for (user, may) in [("ann", !is_for_staff), ("admin", true)] {
                let status = app.head(asks(user, &route, &path(id), form)).await.status;
                assert_eq!(status != StatusCode::NOT_FOUND, may, "{what}, and {user} {status}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_done_to_it() {
    let app = TestApp::spawn().await;
    let running = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(running, OperationState::Started).await;
    let ended = anns(&app).await;
    app.ends(ended).await;
    for route in routes_that(|kind| kind == Kind::Acts) {
        for (op_type, id) in [("test.steps", running), ("test.greeting", ended)] {
            let path = route.of(op_type, id);
            app.send(asks("bob", &route, &path, FORMS[1])).await;
            let row = app.liveops.find(id).await.unwrap().unwrap();
            assert!(!row.cancel_requested, "{path}");
            assert_eq!(row.attempt, 1, "{path}");
        }
    }
}

#[tokio::test]
async fn nothing_is_done_to_it_among_others() {
    let app = TestApp::spawn().await;
    let running = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reaches(running, OperationState::Started).await;
    let ended = anns(&app).await;
    app.ends(ended).await;
    for route in routes_that(|kind| kind == Kind::ActsOnMany) {
        for user in ["bob", "ann"] {
            let refused = async |action: &str, ids: [OperationId; 2]| {
                let body = json!({ "action": action, "ids": ids }).to_string();
                let request = Request::post(format!("/live{}", route.path))
                    .header("x-user", user)
                    .header(header::CONTENT_TYPE, "application/json");
                app.send(request.body(Body::from(body)).unwrap()).await
            };
            for action in ["cancel", "retry", "restart"] {
                let theirs = refused(action, [running, ended]).await;
                let none = refused(action, [OperationId::new(), OperationId::new()]).await;
                assert_eq!(theirs.status, StatusCode::FORBIDDEN, "{user}: {theirs:?}");
                assert_eq!(theirs.body, none.body, "{user} {action}");
            }
        }
    }
    for id in [running, ended] {
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.cancel_requested, row.attempt), (false, 1), "{id}");
    }
}

#[tokio::test]
async fn what_is_created_belongs_to_whoever_creates_it() {
    let app = TestApp::eager().await;
    let input = json!({ "name": "x", "owner": "ann", "user": "ann" }).to_string();
    let request = Request::post("/live/test.greeting/?owner=ann")
        .header("x-user", "bob")
        .header(header::CONTENT_TYPE, "application/json");
    let answer = app.send(request.body(Body::from(input)).unwrap()).await;
    assert_eq!((answer.status, &answer.json()["owner"]), (StatusCode::CREATED, &json!("bob")));
}

#[tokio::test]
async fn no_filter_of_the_list_reaches_it() {
    let app = TestApp::eager().await;
    let id = anns(&app).await;
    let later = OperationId::new();
    for route in routes_that(|kind| kind == Kind::Lists) {
        for query in [
            "",
            "?owner=ann",
            "?owner=ann&owner=bob",
            "?owner=%25",
            "?q=annabel",
            &format!("?q={id}"),
            "?state=FINISHED_OK",
            "?op_type=test.greeting",
            "?age=1h",
            "?sort=last_finished",
            &format!("?sort=oldest&next={}", OperationId::from(uuid::Uuid::nil())),
            &format!("?previous={}", OperationId::from(uuid::Uuid::nil())),
            &format!("?before={later}"),
        ] {
            let path = format!("/live{}{query}", route.path);
            for form in FORMS {
                let answer = app.send(asks("bob", &route, &path, form)).await;
                // The form echoes what was searched for.
                let shown = answer.body.replace("value=\"annabel\"", "").replace(query, "");
                let tells = shown.contains(ANNS) || shown.contains(&format!("{id}/"));
                assert!(!tells, "{path}: {shown}");
            }
        }
        let own = app.send(asks("ann", &route, &format!("/live{}", route.path), FORMS[0])).await;
        assert!(own.body.contains(ANNS), "the owner sees it: {}", own.body);
    }
}

#[tokio::test]
async fn no_stream_of_a_list_tells_of_it() {
    let served = Served::start().await;
    for route in routes_that(|kind| kind == Kind::StreamsLists) {
        let url = served.server.url(&format!("/live{}?owner=ann", route.path));
        let mut events = Events::open(&url, &[("x-user", "bob")]).await;
        let begun = events.next().await.unwrap();
        assert_eq!(begun.data, r#"{"channel":"liveops.owner.bob","wire":1}"#);
        let anns = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        served.app.gate.open(3);
        served.app.ends(anns).await;
        let bobs = served.app.liveops.enqueue(Steps {}, "bob").await.unwrap();
        let row = format!("op-row-status-{bobs}");
        let events = events.next_matching(|event| event.data.contains(&row)).await;
        for event in events {
            let tells = event.data.contains(&anns.to_string()) || event.data.contains("owner.ann");
            assert!(!tells, "{event:?}");
        }
    }
}

#[tokio::test]
async fn it_cannot_be_embedded() {
    let app = TestApp::eager().await;
    let id = anns(&app).await;
    let embed = async |viewer, id| web::embed(&app.liveops, &viewer, id).await.unwrap();
    assert!(embed(Viewer::new("bob"), id).await.is_none());
    assert!(embed(Viewer::new("bob"), OperationId::new()).await.is_none());
    assert!(embed(Viewer::new("ann"), id).await.is_some());
    assert!(embed(Viewer::new("bob").with_staff(true), id).await.is_some());
}

#[tokio::test]
async fn no_token_is_given_for_it() {
    let app = TestApp::eager().await;
    let id = anns(&app).await;
    let granted = async |channel: String| {
        let wanted = json!({ "channels": [channel] }).to_string();
        let request = Request::post("/live/token")
            .header("x-user", "bob")
            .header(header::CONTENT_TYPE, "application/json");
        app.send(request.body(Body::from(wanted)).unwrap()).await
    };
    let none = granted(format!("liveop.{}", OperationId::new())).await;
    for channel in [format!("liveop.{id}"), "liveops.owner.ann".into(), "liveops.all".into()] {
        let theirs = granted(channel.clone()).await;
        assert_eq!((theirs.status, &theirs.body), (none.status, &none.body), "{channel}");
    }
    assert_eq!(none.json(), json!({ "tokens": {} }));
}

/// Bob's connection, following his own list.
async fn bobs(served: &Served) -> Socket {
    let url = served.server.socket_url("/live/ws");
    let mut socket = Socket::connect(&url, &[("x-user", "bob")]).await;
    follow_own(served, &mut socket).await;
    socket
}

async fn follow_own(served: &Served, socket: &mut Socket) {
    let token = served.token("bob", &ChannelName::owner(&UserId::from("bob")));
    socket.send(&json!({ "type": "subscribe", "token": token })).await;
    let answer = socket.next_message().await;
    assert!(is_subscribed(&answer), "something came before: {answer}");
}

#[tokio::test]
async fn a_token_that_was_overheard_opens_it_to_nobody_else() {
    let served = Served::start().await;
    let id = anns(&served.app).await;
    let overheard = served.token("ann", &ChannelName::operation(id));
    let list = served.token("ann", &ChannelName::owner(&UserId::from("ann")));
    let mut refusals = Vec::new();
    for token in [overheard, list, "nonsense".to_owned()] {
        let mut socket = bobs(&served).await;
        socket.send(&json!({ "type": "subscribe", "token": token })).await;
        refusals.push((socket.next_message().await, socket.closed().await));
    }
    let message = json!({ "type": "error", "code": 4401, "message": "token invalid or expired" });
    assert_eq!(refusals, vec![(message, 4401); 3]);
}

#[tokio::test]
async fn messages_about_its_channel_say_nothing_and_do_nothing() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut anns = served.connect().await;
    served.follow(&mut anns, id, None).await;
    anns.next_matching("the subscription", is_subscribed).await;

    let mut socket = bobs(&served).await;
    for id in [id, OperationId::new()] {
        let channel = ChannelName::operation(id).to_string();
        for message in [
            json!({ "type": "unsubscribe", "channel": channel }),
            json!({ "type": "ack", "channel": channel, "cursor": "1.00000001:1" }),
        ] {
            socket.send(&message).await;
            follow_own(&served, &mut socket).await;
        }
    }
    served.app.gate.open(3);
    let is_end = |m: &Value| m["liveop_finished"].is_object();
    anns.next_matching("the end, for whom it is", is_end).await;
    follow_own(&served, &mut socket).await;
}
