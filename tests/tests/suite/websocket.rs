//! What a client of the WebSocket gets, whenever it comes.

use std::{sync::Arc, time::Duration};

use liveops::{
    ChannelName, Config, OperationId, OperationState, UserId,
    channel::{MemoryChannelLayer, Payload, Signal},
    testing::Socket,
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::support::{
    app::{ChainStart, Ending, Greeting, How, Steps},
    layer::HookedLayer,
    served::{Served, html, is_subscribed, until},
};

#[tokio::test]
async fn a_late_client_gets_what_there_is() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    served.app.gate.open(1);
    let mut early = served.connect().await;
    served.follow(&mut early, id, None).await;
    early.next_matching("the second stage", |m| html(m).contains("entered Process")).await;

    let mut late = served.connect().await;
    served.follow(&mut late, id, None).await;
    let messages = until(&mut late, is_subscribed).await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    let page = html(&messages[0]);
    for shown in ["in Process", "entered Load", "entered Process", "data-state=\"active\"", "50"] {
        assert!(page.contains(shown), "{shown} is missing in {page}");
    }
    assert!(page.contains(&format!("op-trail-{id}")), "the custom region is missing in {page}");
    assert_eq!(messages[1]["catch_up"], "reset");
    assert_eq!(messages[1]["cursor"], messages[0]["cursor"]);
}

#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed_and_no_more() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let seen = socket.next_matching("the first stage", |m| html(m).contains("entered Load")).await;
    socket.close().await;

    served.app.gate.open(1);
    let mut witness = served.connect().await;
    served.follow(&mut witness, id, None).await;
    witness.next_matching("the second stage", |m| html(m).contains("entered Process")).await;

    let mut socket = served.connect().await;
    served.follow(&mut socket, id, seen["cursor"].as_str()).await;
    let messages = until(&mut socket, is_subscribed).await;
    let page = html(&messages[0]);
    assert_eq!(messages.last().unwrap()["catch_up"], "delta");
    assert!(page.contains("entered Process") && !page.contains("entered Load"), "{page}");

    let newest = messages.last().unwrap()["cursor"].as_str().unwrap().to_owned();
    served.follow(&mut socket, id, Some(&newest)).await;
    let messages = until(&mut socket, is_subscribed).await;
    assert_eq!(messages.len(), 1, "nothing is sent to whom nothing is missing: {messages:?}");
    assert_eq!(messages[0]["catch_up"], "up_to_date");
}

#[tokio::test]
async fn a_client_without_a_place_gets_everything() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    for since in [None, Some("1.00000001:1"), Some("99.00000001:99")] {
        served.follow(&mut socket, id, since).await;
        let messages = until(&mut socket, is_subscribed).await;
        assert_eq!(messages.last().unwrap()["catch_up"], "reset", "{since:?}");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_read_is_none() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let messages = until(&mut socket, is_subscribed).await;
    let cursor = messages.last().unwrap()["cursor"].as_str().unwrap();
    let (epoch, _) = cursor.split_once(':').unwrap();
    let ahead = format!("{epoch}:{}", u64::MAX);
    let overflowing = format!("{ahead}0");
    let negative = format!("{epoch}:-1");
    let trailing = format!("{cursor}:1");
    for since in ["", ":", "nonsense", "\u{0}", epoch, &negative, &overflowing, &trailing, &ahead] {
        served.follow(&mut socket, id, Some(since)).await;
        let messages = until(&mut socket, is_subscribed).await;
        let [.., page, subscribed] = &messages[..] else { panic!("{since:?} got {messages:?}") };
        assert_eq!(subscribed["catch_up"], "reset", "{since:?}");
        assert!(html(page).contains("op-status-"), "{since:?} got {page}");
    }
}

#[tokio::test]
async fn a_client_sees_the_run_to_its_end() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    served.app.gate.open(3);
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    let url = format!("/live/test.steps/{id}/");
    assert_eq!(
        end["liveop_finished"],
        json!({ "pk": id.to_string(), "state": "FINISHED_OK", "url": url, "success_url": null })
    );
}

#[tokio::test]
async fn whoever_comes_after_the_end_gets_the_result() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    served.app.ends(id).await;
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let messages = until(&mut socket, is_subscribed).await;
    assert!(html(&messages[0]).contains("Hello, Ann!"), "{messages:?}");
    assert!(messages.iter().any(|m| m["liveop_finished"]["state"] == "FINISHED_OK"));
}

/// A channel layer that holds back what it is asked to publish about an ending, until it is
/// released.
fn holding_back(held: Arc<Semaphore>, release: Arc<Semaphore>) -> HookedLayer {
    HookedLayer::new(move |_, payload| {
        let shows_the_end = match payload {
            Payload::Fragments(news) => news.iter().any(|news| news.html.contains("Hello, Ann!")),
            Payload::Signal(Signal::Finished(_)) => true,
            Payload::Signal(_) => false,
        };
        let (held, release) = (held.clone(), release.clone());
        Box::pin(async move {
            if shows_the_end {
                held.add_permits(1);
                release.acquire().await.unwrap().forget();
            }
        })
    })
}

#[tokio::test]
async fn whoever_connects_between_the_commit_and_the_push_sees_the_result() {
    let (held, release) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let layer = holding_back(held.clone(), release.clone());
    let served = Served::with(Config::default(), layer).await;
    let id = served.app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    held.acquire().await.unwrap().forget();

    // The ending is committed, and nothing of it was published.
    let row = served.app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedOk);
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let messages = until(&mut socket, is_subscribed).await;
    assert!(html(&messages[0]).contains("Hello, Ann!"), "{messages:?}");
    assert!(messages.iter().any(|m| m["liveop_finished"].is_object()), "{messages:?}");
    let page = served.app.get(&format!("/live/test.greeting/{id}/")).await;
    assert!(page.body.contains("Hello, Ann!"));

    // What is published then does not take the client back.
    release.add_permits(2);
    let end = socket.next_matching("the push", |m| m["liveop_finished"].is_object()).await;
    assert_eq!(end["liveop_finished"]["state"], "FINISHED_OK");
}

#[tokio::test]
async fn an_operation_that_left_no_state_behind_is_read_off_its_row() {
    let layer = MemoryChannelLayer::new().with_retention(Duration::ZERO);
    let served = Served::with(Config::default(), layer).await;
    let id = served.app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    served.app.ends(id).await;
    // Another operation's opening sweeps out what has expired.
    served.app.liveops.enqueue(Steps {}, "bob").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let messages = until(&mut socket, is_subscribed).await;
    assert!(html(&messages[0]).contains("Hello, Ann!"));

    let place = messages.last().unwrap()["cursor"].as_str().unwrap().to_owned();
    served.follow(&mut socket, id, Some(&place)).await;
    let messages = until(&mut socket, is_subscribed).await;
    assert_eq!(messages.len(), 1, "a page that shows the end is not told of it again");
}

#[tokio::test]
async fn the_page_follows_a_chain_on_the_same_socket() {
    let served = Served::start().await;
    let first = served.app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, first, None).await;
    until(&mut socket, is_subscribed).await;
    served.app.gate.open(1);
    let chain = socket.next_matching("the chain", |m| m["liveop_chain"].is_object()).await;
    assert!(html(&chain).contains(&format!("hx-swap-oob=\"outerHTML:#op-{first}\"")), "{chain}");
    assert!(!html(&chain).contains("data-liveop-token="), "the token is not in what is published");

    let token = chain["liveop_chain"]["token"].as_str().unwrap();
    socket.send(&json!({ "type": "subscribe", "token": token })).await;
    let next = chain["liveop_chain"]["channel"].clone();
    let result = socket
        .next_matching("the result", |m| m["channel"] == next && html(m).contains("Hello, Ann!"))
        .await;
    assert_eq!(result["type"], "chat_message");
}

#[tokio::test]
async fn a_page_that_is_opened_after_the_work_went_on_says_where() {
    for retention in [Duration::from_secs(300), Duration::ZERO] {
        let layer = MemoryChannelLayer::new().with_retention(retention);
        let served = Served::with(Config::default(), layer).await;
        let first = ChainStart { name: "Ann".into() };
        let first = served.app.liveops.enqueue(first, "ann").await.unwrap();
        served.app.gate.open(1);
        served.app.ends(first).await;
        let next = served.app.next_of(first).await.unwrap();
        served.app.ends(next.operation_id()).await;
        let page = served.app.get(&format!("/live/test.chain_start/{first}/")).await;
        let link = format!("Continued in <a href=\"/live/test.greeting/{}/\">", next.id);
        assert!(page.body.contains(&link), "{}", page.body);

        let ending = Ending { how: How::Redirect };
        let id = served.app.liveops.enqueue(ending, "ann").await.unwrap();
        served.app.ends(id).await;
        let page = served.app.get(&format!("/live/test.ending/{id}/")).await;
        assert!(page.body.contains("<a href=\"/thanks\">Continue</a>"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_redirect_comes_with_the_end() {
    let served = Served::start().await;
    let ending = Ending { how: How::Redirect };
    let id = served.app.liveops.enqueue(ending, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    assert_eq!(end["liveop_finished"]["success_url"], "/thanks");
}

#[tokio::test]
async fn a_retry_shows_nothing_of_the_run_before() {
    let served = Served::start().await;
    let ending = Ending { how: How::UserError };
    let id = served.app.liveops.enqueue(ending, "ann").await.unwrap();
    served.app.ends(id).await;
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    until(&mut socket, is_subscribed).await;
    served.app.liveops.retry(id).await.unwrap();
    let first = socket.next_matching("the restart", |m| !html(m).is_empty()).await;
    assert!(!html(&first).contains("The file has no header"), "{first}");
    assert!(html(&first).contains("Waiting to start"), "{first}");
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    assert!(end["cursor"].as_str().unwrap().starts_with("2."), "{end}");
}

#[tokio::test]
async fn a_token_may_come_with_the_address() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let token = served.token("ann", &ChannelName::operation(id));
    let url = served.server.socket_url(&format!("/live/ws?subscription_token={token}&since="));
    let mut socket = Socket::connect(&url, &[]).await;
    socket.next_matching("the subscription", is_subscribed).await;
}

#[tokio::test]
async fn messages_that_make_no_sense_close_the_connection() {
    let served = Served::start().await;
    for text in
        ["", "{", "{}", r#"{"type":"shout"}"#, r#"{"type":"ack","channel":"x","cursor":"y"}"#]
    {
        let mut socket = served.connect().await;
        socket.send_text(text).await;
        assert_eq!(socket.closed().await, 1008, "{text:?}");
    }
    for bytes in [65 << 10, 1 << 20] {
        let mut socket = served.connect().await;
        socket.send_text(&"x".repeat(bytes)).await;
        assert_eq!(socket.closed().await, 1009, "{bytes}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_cannot_connect() {
    let served = Served::start().await;
    let url = served.server.socket_url("/live/ws");
    let refused = Socket::try_connect(&url, &[("Origin", "https://evil.example")]).await;
    assert_eq!(refused.err().map(|status| status.as_u16()), Some(403));
    let own = served.server.url("");
    Socket::connect(&url, &[("Origin", &own)]).await;
}

#[tokio::test]
async fn a_viewer_has_a_bounded_number_of_connections() {
    let mut config = Config::default();
    config.connections_per_viewer_max = 2;
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut socket = served.connect().await;
        served.follow(&mut socket, id, None).await;
        socket.next_matching("the subscription", is_subscribed).await;
        open.push(socket);
    }
    let mut third = served.connect().await;
    assert_eq!(third.closed().await, 4429);
    let url = served.server.socket_url("/live/ws");
    let mut bobs = Socket::connect(&url, &[("x-user", "bob")]).await;
    let list = ChannelName::owner(&UserId::from("bob"));
    let token = served.token("bob", &list);
    bobs.send(&json!({ "type": "subscribe", "token": token })).await;
    bobs.next_matching("bob's subscription", is_subscribed).await;

    open.pop().unwrap().close().await;
    let mut next = served.connect().await;
    served.follow(&mut next, id, None).await;
    next.next_matching("the subscription", is_subscribed).await;
}

#[tokio::test]
async fn one_connection_follows_many_channels_up_to_a_bound() {
    let mut config = Config::default();
    config.subscriptions_per_connection_max = 2;
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let mut socket = served.connect().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(served.app.liveops.enqueue(Steps {}, "ann").await.unwrap());
    }
    for id in &ids[..2] {
        served.follow(&mut socket, *id, None).await;
        let subscribed = socket.next_matching("a subscription", is_subscribed).await;
        assert_eq!(subscribed["channel"], ChannelName::operation(*id).as_str());
    }
    let left = ChannelName::operation(ids[0]);
    socket.send(&json!({ "type": "unsubscribe", "channel": left.as_str() })).await;
    served.follow(&mut socket, ids[2], None).await;
    socket.next_matching("a subscription in the place of another", is_subscribed).await;
    served.follow(&mut socket, ids[0], None).await;
    assert_eq!(socket.closed().await, 4429);
}

#[tokio::test]
async fn a_list_hears_of_its_owners_operations() {
    let served = Served::start().await;
    let mut socket = served.connect().await;
    let list = ChannelName::owner(&UserId::from("ann"));
    let token = served.token("ann", &list);
    socket.send(&json!({ "type": "subscribe", "token": token })).await;
    socket.next_matching("the subscription", is_subscribed).await;
    served.app.liveops.enqueue(Steps {}, "bob").await.unwrap();
    served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let change = socket.next_message().await;
    assert_eq!(
        change,
        json!({ "type": "chat_message", "channel": list.as_str(), "liveop_list_changed": true })
    );
}

#[tokio::test]
async fn an_operation_that_is_gone_cannot_be_followed() {
    let served = Served::start().await;
    let mut socket = served.connect().await;
    served.follow(&mut socket, OperationId::new(), None).await;
    assert_eq!(socket.closed().await, 4403);
}
