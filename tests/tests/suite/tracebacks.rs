//! Staff read what went wrong in a run, wherever they look; nobody else does, its owner included.

use std::time::Duration;

use axum::{body::Body, http::Request};
use liveops::{
    ChannelName, LiveOperation, OperationId, OperationState, Progress, Run, RunResult, UserId,
    channel::{ListChange, RowProgress},
    runner::Builder,
    testing::Socket,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Answer, Gate, TestApp},
    browser::Browser,
    demo::{ServedDemo, picture},
    events::Events,
    served::{Served, html, is_subscribed},
};

/// Panics when the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Doomed {}

/// What only staff may read.
const SECRET: &str = "the secret invariant broke";

impl Run for Doomed {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        panic!("{SECRET}")
    }
}

/// An owner, and a member of the staff.
const VIEWERS: [&str; 2] = ["ann", "admin"];

async fn served() -> Served {
    Served::build(liveops::Config::default(), Builder::register::<Doomed>).await
}

async fn enqueued(served: &Served) -> OperationId {
    served.app.liveops.enqueue(Doomed {}, "ann").await.unwrap()
}

async fn failed(served: &Served) -> OperationId {
    let id = enqueued(served).await;
    served.app.gate.open(1);
    served.app.reaches(id, OperationState::FinishedError).await;
    id
}

async fn send(app: &TestApp, method: &str, path: &str, viewer: &str, accept: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("x-user", viewer).header("accept", accept);
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn page(app: &TestApp, path: &str, viewer: &str) -> String {
    send(app, "GET", path, viewer, "text/html").await.body
}

/// Follows the operation over a socket of the viewer's.
async fn follow(served: &Served, viewer: &str, id: OperationId, since: Option<&str>) -> Socket {
    let url = served.server.socket_url("/live/ws");
    let mut socket = Socket::connect(&url, &[("x-user", viewer)]).await;
    let token = served.token(viewer, &ChannelName::operation(id));
    socket.send(&json!({ "type": "subscribe", "token": token, "since": since })).await;
    socket
}

fn is_finished(message: &Value) -> bool {
    message["liveop_finished"].is_object()
}

fn tells_secret(message: &Value) -> bool {
    html(message).contains(SECRET)
}

#[tokio::test]
async fn the_page_of_staff_has_the_traceback_and_no_other() {
    let served = served().await;
    let id = failed(&served).await;
    let path = served.app.liveops.url(Doomed::OP_TYPE, id);
    let owners = page(&served.app, &path, "ann").await;
    assert!(owners.contains("Something went wrong") && !owners.contains(SECRET), "{owners}");
    let staffs = page(&served.app, &path, "admin").await;
    let (_, traceback) = staffs.split_once("<summary>Traceback</summary>").expect(&staffs);
    assert!(traceback.contains("panicked at tests/tests/suite/tracebacks.rs:"), "{traceback}");
    assert!(traceback.contains(SECRET), "{traceback}");
}

#[tokio::test]
async fn the_json_of_staff_has_the_traceback_and_no_other() {
    let served = served().await;
    let id = failed(&served).await;
    let app = &served.app;
    let path = app.liveops.url(Doomed::OP_TYPE, id);
    for viewer in VIEWERS {
        let one = send(app, "GET", &path, viewer, "application/json").await;
        let list = send(app, "GET", "/live/", viewer, "application/json").await;
        for json in [one.json(), list.json()["operations"][0].clone()] {
            let traceback = json.get("traceback").map(|text| text.as_str().unwrap().to_owned());
            assert_eq!(json["state"], "FINISHED_ERROR");
            match viewer {
                "admin" => assert!(traceback.unwrap().contains(SECRET), "{json}"),
                _ => assert_eq!(traceback, None, "{json}"),
            }
        }
    }
    let restarted = send(app, "POST", &format!("{path}retry"), "admin", "application/json").await;
    assert_eq!(restarted.json().get("traceback"), None, "{}", restarted.body);
}

#[tokio::test]
async fn an_open_page_of_staff_gets_the_traceback_with_the_end_and_no_other() {
    let served = served().await;
    let id = enqueued(&served).await;
    served.app.reaches(id, OperationState::Started).await;
    let mut owners = follow(&served, "ann", id, None).await;
    let mut staffs = follow(&served, "admin", id, None).await;
    for socket in [&mut owners, &mut staffs] {
        socket.until("the subscription", is_subscribed).await;
    }
    served.app.gate.open(1);
    let seen = owners.until("the end", is_finished).await;
    assert!(!format!("{seen:?}").contains("secret"), "{seen:?}");

    let seen = staffs.until("the end", is_finished).await;
    let [.., traceback, _] = &seen[..] else { panic!("{seen:?}") };
    assert!(tells_secret(traceback), "{seen:?}");
    assert!(html(traceback).starts_with(&format!("<div id=\"op-traceback-{id}\"")), "{seen:?}");
    // A client that is cut off here has not come to the end, and gets it again.
    assert_eq!(traceback.get("cursor"), None);
}

#[tokio::test]
async fn staff_who_join_late_get_the_traceback_with_the_end() {
    let served = served().await;
    let id = enqueued(&served).await;
    served.app.reaches(id, OperationState::Started).await;
    let mut early = follow(&served, "admin", id, None).await;
    let subscribed = early.next_matching("the subscription", is_subscribed).await;
    let place = subscribed["cursor"].as_str().unwrap();
    served.app.gate.open(1);
    let end = early.next_matching("the end", is_finished).await;

    for (viewer, since) in [("admin", None), ("admin", Some(place)), ("ann", Some(place))] {
        let mut late = follow(&served, viewer, id, since).await;
        let seen = late.until("the subscription", is_subscribed).await;
        assert!(seen.iter().any(is_finished), "{viewer} from {since:?}: {seen:?}");
        let told = seen.iter().any(tells_secret);
        assert_eq!(told, viewer == "admin", "{viewer} from {since:?}: {seen:?}");
    }
    let mut there = follow(&served, "admin", id, end["cursor"].as_str()).await;
    let seen = there.until("the subscription", is_subscribed).await;
    assert_eq!(seen.len(), 1, "who has seen the end has the traceback: {seen:?}");
}

#[tokio::test]
async fn a_stream_of_staff_has_the_traceback_and_no_other() {
    let served = served().await;
    let id = failed(&served).await;
    let url = format!("{}events", served.app.liveops.url(Doomed::OP_TYPE, id));
    for viewer in VIEWERS {
        let headers = [("x-user", viewer)];
        let mut events = Events::open(&served.server.url(&url), &headers).await;
        let seen = events.until(is_finished).await;
        let told = seen.iter().any(|(_, message)| tells_secret(message));
        assert_eq!(told, viewer == "admin", "{viewer}: {seen:?}");
    }
}

#[tokio::test]
async fn what_is_published_has_no_traceback() {
    let served = served().await;
    let layer = served.app.liveops.channel_layer();
    let id = enqueued(&served).await;
    let operation = ChannelName::operation(id);
    let lists = [ChannelName::owner(&UserId::from("ann")), ChannelName::all()];
    let mut frames = layer.subscribe(&operation).await.unwrap();
    let mut changes = Vec::new();
    for list in &lists {
        changes.push(layer.subscribe(list).await.unwrap());
    }
    served.app.gate.open(1);
    served.app.reaches(id, OperationState::FinishedError).await;
    // Everything there is to say has been said then.
    served.app.liveops.shutdown(Duration::from_secs(30)).await;

    let retained = layer.catch_up(&operation, None).await.unwrap();
    let mut published = format!("{retained:?}");
    while !published.contains("Signal(Finished") {
        published.push_str(&format!("{:?}", frames.next().await.unwrap().unwrap()));
    }
    for (list, changes) in lists.iter().zip(&mut changes) {
        let last = RowProgress {
            id,
            op_type: "test.ending".into(),
            owner: None,
            html: "the last one".into(),
        };
        layer.announce(list, ListChange::Progress(last).into()).await.unwrap();
        while !published.ends_with("the last one\" })))") {
            published.push_str(&format!("{:?}", changes.next().await.unwrap().unwrap()));
        }
        published.push('\n');
    }
    assert!(published.contains("Something went wrong"), "{published}");
    assert!(!published.contains("secret") && !published.contains("panicked"), "{published}");
}

#[tokio::test]
async fn a_retry_takes_the_traceback_away() {
    let served = served().await;
    let id = failed(&served).await;
    let mut staffs = follow(&served, "admin", id, None).await;
    let seen = staffs.until("the subscription", is_subscribed).await;
    assert!(seen.iter().any(tells_secret), "{seen:?}");
    served.app.liveops.retry(id).await.unwrap();
    let empty =
        format!("<div id=\"op-traceback-{id}\" class=\"op-traceback\" hx-swap-oob=\"true\"></div>");
    staffs.next_matching("the new run", |message| html(message).contains(&empty)).await;
    let path = served.app.liveops.url(Doomed::OP_TYPE, id);
    assert!(!page(&served.app, &path, "admin").await.contains(SECRET));
}

#[tokio::test]
async fn the_page_of_staff_shows_the_traceback_until_the_retry() {
    let Some(browser) = Browser::open().await else { return };
    let demo = ServedDemo::start().await;
    let id = demo.demo.liveops().enqueue(demo::operations::PanickingTask {}, "ann").await.unwrap();
    let url = demo.server.url(&demo.demo.liveops().url("demo.panicking_task", id));

    demo.sign_in(&browser, "ann").await;
    browser.goto(&url).await;
    browser.wait_for(".op-error").await;
    assert_eq!(browser.evaluate("document.querySelector('.op-traceback').innerHTML").await, "");

    demo.sign_in(&browser, "admin").await;
    browser.goto(&url).await;
    browser.click(".op-traceback summary").await;
    let text = browser.text(".op-traceback pre").await;
    assert!(text.contains("panicking_task.rs:") && text.contains("a panic on purpose"), "{text}");
    picture(&browser, "traceback").await;

    // The one of the next run comes to the page as it is. The old one may go in the same animation frame.
    browser.click(".op-retry button").await;
    browser
        .wait_until(
            "document.querySelector('.liveop').dataset.liveopCursor.startsWith('2.') \
             && document.querySelector('.op-traceback pre')",
        )
        .await;
    assert_eq!(browser.console_errors().await, [""; 0]);
}
