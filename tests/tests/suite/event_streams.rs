//! What a client of the event streams gets: the way out where WebSockets are blocked, and what
//! htmx's stock extension and `curl -N` read.

use std::time::Duration;

use liveops::{
    ChannelName, Config, OperationId, UserId,
    channel::{ListChange, MemoryChannelLayer, RowProgress},
};
use serde_json::{Value, json};

use crate::support::{
    app::{ChainStart, Greeting, Steps, TestApp, request},
    events::Events,
    served::{Served, html, is_subscribed},
};

fn is_end(message: &Value) -> bool {
    message["liveop_finished"].is_object()
}

fn operation_url(served: &Served, op_type: &str, id: OperationId) -> String {
    served.server.url(&format!("/live/{op_type}/{id}/events"))
}

fn list_url(served: &Served) -> String {
    served.server.url("/live/events")
}

#[tokio::test]
async fn a_stream_says_what_the_socket_says() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let mut events = Events::open(&operation_url(&served, "test.steps", id), &[]).await;
    events.until(is_subscribed).await;
    socket.next_matching("the subscription", is_subscribed).await;

    served.app.gate.open(3);
    let streamed = events.until(is_end).await;
    let mut said = Vec::new();
    while !said.last().is_some_and(is_end) {
        said.push(socket.next_message().await);
    }
    let last_of = |messages: &[Value]| messages.last().cloned();
    let (ids, streamed): (Vec<String>, Vec<Value>) = streamed.into_iter().unzip();
    assert_eq!(last_of(&streamed), last_of(&said));
    assert_eq!(ids.last().map(String::as_str), said.last().and_then(|end| end["cursor"].as_str()));
    let shows_result = |messages: &[Value]| messages.iter().any(|m| html(m).contains("in Save"));
    assert!(shows_result(&streamed) && shows_result(&said));
}

#[tokio::test]
async fn a_stream_goes_on_where_the_last_one_ended() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let url = operation_url(&served, "test.steps", id);
    let mut events = Events::open(&url, &[]).await;
    let begun = events.until(|message| html(message).contains("entered Load")).await;
    let (place, _) = begun.last().unwrap().clone();
    drop(events);

    served.app.gate.open(1);
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the next stage", |m| html(m).contains("entered Process")).await;
    for resumed in [
        Events::open(&url, &[("Last-Event-ID", &place)]).await,
        Events::open(&format!("{url}?since={place}"), &[]).await,
    ] {
        let mut events = resumed;
        let news = events.until(is_subscribed).await;
        assert_eq!(news.last().unwrap().1["catch_up"], "delta", "{news:?}");
        let shown: String = news.iter().map(|(_, message)| html(message)).collect();
        assert!(shown.contains("entered Process") && !shown.contains("entered Load"), "{shown}");

        let (newest, _) = news.last().unwrap();
        let mut again = Events::open(&url, &[("Last-Event-ID", newest)]).await;
        let nothing = again.until(is_subscribed).await;
        assert_eq!(nothing.len(), 1, "{nothing:?}");
        assert_eq!(nothing[0].1["catch_up"], "up_to_date");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_read_gets_everything() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let url = operation_url(&served, "test.steps", id);
    let mut events = Events::open(&url, &[]).await;
    events.until(|message| html(message).contains("entered Load")).await;
    for place in ["nonsense", "1.0:x", "9.0000000000000001:7", ""] {
        let mut events = Events::open(&url, &[("Last-Event-ID", place)]).await;
        let messages = events.until(is_subscribed).await;
        assert_eq!(messages.last().unwrap().1["catch_up"], "reset", "{place}");
        assert!(html(&messages[0].1).contains("entered Load"), "{place}");
    }
}

#[tokio::test]
async fn a_chain_comes_over_a_stream_with_what_it_takes_to_follow() {
    let served = Served::start().await;
    let chain = ChainStart { name: "Bob".to_owned() };
    let id = served.app.liveops.enqueue(chain, "ann").await.unwrap();
    let mut events = Events::open(&operation_url(&served, "test.chain_start", id), &[]).await;
    served.app.gate.open(1);
    let messages = events.until(|message| message["liveop_chain"].is_object()).await;
    let chain = &messages.last().unwrap().1["liveop_chain"];
    let url = served.server.url(&format!("{}events", chain["url"].as_str().unwrap()));
    let mut next = Events::open(&url, &[]).await;
    next.until(is_end).await;
}

#[tokio::test]
async fn a_stream_shows_that_it_is_alive() {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut events = Events::open(&operation_url(&served, "test.steps", id), &[]).await;
    events.until(|message| *message == json!({ "type": "ping" })).await;

    let mut list = reqwest::get(list_url(&served)).await.unwrap();
    let mut read = String::new();
    while !read.contains("\n\n: \n\n") && !read.contains("\n\n:\n\n") {
        let chunk = tokio::time::timeout(Duration::from_secs(30), list.chunk()).await;
        read.push_str(std::str::from_utf8(&chunk.expect(&read).unwrap().unwrap()).unwrap());
    }
}

#[tokio::test]
async fn operations_of_others_have_no_stream() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let bob = [("x-user", "bob")];
    let foreign = Events::try_open(&operation_url(&served, "test.steps", id), &bob).await;
    let unknown =
        Events::try_open(&operation_url(&served, "test.steps", OperationId::new()), &bob).await;
    assert_eq!(foreign.err().map(|status| status.as_u16()), Some(404));
    assert_eq!(unknown.err().map(|status| status.as_u16()), Some(404));
}

#[tokio::test]
async fn streams_count_as_connections() {
    let mut config = Config::default();
    config.connections_per_viewer_max = 1;
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let _open = Events::open(&list_url(&served), &[]).await;
    for url in [list_url(&served), operation_url(&served, "test.steps", id)] {
        let refused = Events::try_open(&url, &[]).await;
        assert_eq!(refused.err().map(|status| status.as_u16()), Some(429), "{url}");
    }
}

#[tokio::test]
async fn a_list_is_loaded_on_connect_and_after_a_change() {
    let served = Served::start().await;
    let mut events = Events::open(&list_url(&served), &[]).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.event, "operations-changed");
    assert_eq!(first.data, json!({ "channel": "liveops.owner.ann", "wire": 1 }).to_string());
    served.app.liveops.enqueue(Greeting { name: "Bob".into() }, "bob").await.unwrap();
    served.app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    let second = events.next().await.unwrap();
    assert_eq!(second.event, "operations-changed");
    assert_ne!(second.id, first.id);
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_loaded_again() {
    let served = Served::start().await;
    let mut stays = Events::open(&list_url(&served), &[]).await;
    let place = stays.next().await.unwrap().id;
    let row = || RowProgress {
        id: OperationId::new(),
        op_type: "test.steps".into(),
        owner: Some("ann".into()),
        html: "<div>half</div>".into(),
    };
    let list = ChannelName::owner(&UserId::from("ann"));
    let layer = served.app.liveops.channel_layer();

    let mut returns = Events::open(&list_url(&served), &[("Last-Event-ID", &place)]).await;
    layer.announce(&list, ListChange::Progress(row()).into()).await.unwrap();
    assert_eq!(returns.next().await.unwrap().event, "operation-row");

    layer.announce(&list, ListChange::Rows.into()).await.unwrap();
    // The first one is told of the row too, and then that there was a change.
    stays.next_matching(|event| event.event == "operations-changed").await;
    let mut missed = Events::open(&list_url(&served), &[("Last-Event-ID", &place)]).await;
    assert_eq!(missed.next().await.unwrap().event, "operations-changed");
}

#[tokio::test]
async fn a_burst_of_changes_is_a_handful_of_events() {
    let served = Served::start().await;
    let list = ChannelName::owner(&UserId::from("ann"));
    let layer = served.app.liveops.channel_layer();
    let mut events = Events::open(&list_url(&served), &[]).await;
    assert_eq!(events.next().await.unwrap().event, "operations-changed");
    for _ in 0..1_000 {
        layer.announce(&list, ListChange::Rows.into()).await.unwrap();
    }
    let last = RowProgress {
        id: OperationId::new(),
        op_type: "test.steps".into(),
        owner: Some("ann".into()),
        html: "<div>the last one</div>".into(),
    };
    layer.announce(&list, ListChange::Progress(last).into()).await.unwrap();
    let mut changes = 0;
    loop {
        let event = events.next().await.unwrap();
        if event.event == "operation-row" {
            assert_eq!(event.data, "<div>the last one</div>");
            break;
        }
        changes += 1;
    }
    assert!((1..=5).contains(&changes), "{changes}");
}

#[tokio::test]
async fn staff_receive_changes_of_all_operations() {
    let served = Served::start().await;
    let mut events = Events::open(&list_url(&served), &[("x-user", "admin")]).await;
    assert!(events.next().await.unwrap().data.contains("liveops.all"));
    served.app.liveops.enqueue(Greeting { name: "Bob".into() }, "bob").await.unwrap();
    assert_eq!(events.next().await.unwrap().event, "operations-changed");
}

#[tokio::test]
async fn the_rows_of_a_list_show_how_far_operations_are() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut events = Events::open(&list_url(&served), &[]).await;
    let mut socket = served.connect().await;
    let token = served.token("ann", &ChannelName::owner(&UserId::from("ann")));
    socket.send(&json!({ "type": "subscribe", "token": token })).await;
    socket.next_matching("the subscription", is_subscribed).await;
    for stage in ["Process", "Save"] {
        served.app.gate.open(1);
        let shown = format!("in {stage}");
        let pushed = socket.next_matching("the row", |m| html(m).contains(&shown)).await;
        assert!(html(&pushed).contains(&format!("id=\"op-row-status-{id}\"")), "{pushed}");
        assert!(html(&pushed).contains("<progress max=\"100\""), "{pushed}");
        events.next_matching(|event| event.data.contains(&shown)).await;
        let list = served.app.get("/live/").await.body;
        assert!(list.contains(&shown), "whoever comes now sees it as well: {list}");
    }
}

#[tokio::test]
async fn a_stream_asks_proxies_not_to_keep_it_back() {
    let app = TestApp::spawn().await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    for path in ["/live/events".to_owned(), format!("/live/test.steps/{id}/events")] {
        let head = app.head(request("GET", &path)).await;
        assert_eq!(head.headers["x-accel-buffering"], "no", "{path}");
        assert_eq!(head.headers["cache-control"], "private, no-store", "{path}");
    }
}
