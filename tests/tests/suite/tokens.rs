//! Who may watch what, and for how long; whoever may not is not told why.

use axum::http::StatusCode;
use liveops::{
    ChannelName, Config, OperationId, SigningKeys, UserId, channel::MemoryChannelLayer,
    testing::Socket,
};
use serde_json::{Value, json};

use crate::support::{
    app::{Steps, TestApp},
    forgery::{Algorithm, Forgery, expired, refused},
    served::{SECRET, Served, html, is_subscribed, until},
};

const NEWER: &str = "a newer secret of thirty-two byt";

async fn steps(served: &Served) -> OperationId {
    served.app.liveops.enqueue(Steps {}, "ann").await.unwrap()
}

async fn subscribe(socket: &mut Socket, token: &str) {
    socket.send(&json!({ "type": "subscribe", "token": token })).await;
}

/// Connects with the token in the address.
async fn connect_with(served: &Served, token: &str) -> Socket {
    let mut url = url::Url::parse(&served.server.socket_url("/live/ws")).unwrap();
    url.query_pairs_mut().append_pair("subscription_token", token);
    Socket::connect(url.as_str(), &[]).await
}

/// All that a connection hears, and the code with which it is closed.
async fn last_words(mut socket: Socket) -> (Vec<Value>, u16) {
    let refusal = socket.next_message().await;
    (vec![refusal], socket.closed().await)
}

fn the_refusal() -> (Vec<Value>, u16) {
    let message = json!({ "type": "error", "code": 4401, "message": "token invalid or expired" });
    (vec![message], 4401)
}

#[tokio::test]
async fn a_forgery_that_changes_nothing_is_a_good_token() {
    let served = Served::start().await;
    let channel = ChannelName::operation(steps(&served).await);
    let untouched = Forgery::of(&served, &channel);
    for token in [untouched.kept(), untouched.signed(Algorithm::Hs256)] {
        let mut socket = connect_with(&served, &token).await;
        socket.next_matching("the subscription", is_subscribed).await;
    }
}

#[tokio::test]
async fn every_refusal_of_a_message_is_the_same() {
    let served = Served::start().await;
    let channel = ChannelName::operation(steps(&served).await);
    for (what, token) in refused(&served, &channel) {
        let mut socket = served.connect().await;
        subscribe(&mut socket, &token).await;
        assert_eq!(last_words(socket).await, the_refusal(), "{what}: {token}");
    }
}

#[tokio::test]
async fn every_refusal_of_an_address_is_the_same() {
    let served = Served::start().await;
    let channel = ChannelName::operation(steps(&served).await);
    for (what, token) in refused(&served, &channel) {
        let socket = connect_with(&served, &token).await;
        assert_eq!(last_words(socket).await, the_refusal(), "{what}: {token}");
    }
}

#[tokio::test]
async fn a_token_opens_its_own_channel_only() {
    let served = Served::start().await;
    let (first, second) = (steps(&served).await, steps(&served).await);
    let token = served.token("ann", &ChannelName::operation(first));
    let mut socket = served.connect().await;
    subscribe(&mut socket, &token).await;
    let messages = until(&mut socket, is_subscribed).await;
    assert!(messages.iter().all(|m| m["channel"] == format!("liveop.{first}")), "{messages:?}");
    assert!(!messages.iter().any(|m| m.to_string().contains(&second.to_string())));
}

#[tokio::test]
async fn a_key_that_was_rotated_verifies_until_it_is_dropped() {
    let keys = |secrets: &[&str]| SigningKeys::new(secrets).unwrap();
    let ann = UserId::from("ann");
    for (secrets, accepted) in [
        (&[SECRET][..], true),
        (&[NEWER, SECRET], true),
        (&[SECRET, NEWER], true),
        (&[NEWER], false),
    ] {
        let served = Served::signing(keys(secrets)).await;
        let channel = ChannelName::operation(steps(&served).await);
        let old = keys(&[SECRET]).sign(&ann, &channel).unwrap();
        let mut socket = served.connect().await;
        subscribe(&mut socket, old.as_str()).await;
        if accepted {
            socket.next_matching("the subscription", is_subscribed).await;
        } else {
            assert_eq!(last_words(socket).await, the_refusal(), "{}", secrets.len());
        }
        let id = channel.operation_id().unwrap();
        let page = served.app.get(&format!("/live/test.steps/{id}/")).await;
        let newest = keys(&secrets[..1]);
        let token = attribute(&page.body, "data-liveop-token").to_owned();
        assert_eq!(newest.verify(&token.into(), &ann), Ok(channel), "the newest key signs");
    }
}

#[track_caller]
fn attribute<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("{name}=\"")).unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn a_page_whose_token_is_over_goes_on_where_it_was() {
    let served = Served::start().await;
    let id = steps(&served).await;
    let channel = ChannelName::operation(id);
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let seen = socket.next_matching("the first stage", |m| html(m).contains("entered Load")).await;
    socket.close().await;

    // Hours later it comes back with what it has, asks for more, and missed nothing.
    let socket = connect_with(&served, expired(&served, &channel).as_str()).await;
    assert_eq!(last_words(socket).await, the_refusal());
    served.app.gate.open(1);
    let wanted = json!({ "channels": [channel.as_str()] }).to_string();
    let tokens = served.app.post_json("/live/token", &wanted).await.json();
    let fresh = &tokens["tokens"][channel.as_str()];
    let mut socket = served.connect().await;
    let since = &seen["cursor"];
    socket.send(&json!({ "type": "subscribe", "token": fresh, "since": since })).await;
    let entered = |m: &Value| html(m).contains("entered Process");
    let mut messages = until(&mut socket, entered).await;
    messages.retain(|m| html(m).contains("entered Load"));
    assert_eq!(messages, [] as [Value; 0], "what the page has is not sent again");
}

#[tokio::test]
async fn what_may_not_be_followed_is_left_out_of_fresh_tokens_without_a_word() {
    let app = TestApp::spawn().await;
    let anns = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let bobs = app.liveops.enqueue(Steps {}, "bob").await.unwrap();
    let absent = OperationId::new();
    let foreign = [format!("liveop.{bobs}"), "liveops.owner.bob".into(), "liveops.all".into()];
    let none = [format!("liveop.{absent}"), "liveop.".into(), "nonsense".into(), String::new()];
    for channel in foreign.into_iter().chain(none) {
        let own = format!("liveop.{anns}");
        let wanted = json!({ "channels": [channel, own, own] }).to_string();
        let answer = app.post_json("/live/token", &wanted).await;
        assert_eq!(answer.status, StatusCode::OK);
        let granted = answer.json();
        let granted: Vec<&String> = granted["tokens"].as_object().unwrap().keys().collect();
        assert_eq!(granted, [&own], "{channel}");
    }
}

#[tokio::test]
async fn a_request_for_tokens_that_makes_no_sense_is_refused() {
    let app = TestApp::spawn().await;
    let many = json!({ "channels": vec!["liveops.owner.ann"; 257] }).to_string();
    let huge = json!({ "channels": ["x".repeat(1 << 20)] }).to_string();
    // They would need far more memory than the body.
    let empty = json!({ "channels": vec![""; 100_000] }).to_string();
    for (body, status) in [
        ("", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
        ("[]", StatusCode::UNPROCESSABLE_ENTITY),
        ("{}", StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"channels":"liveops.owner.ann"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"channels":[7]}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (&many, StatusCode::UNPROCESSABLE_ENTITY),
        (&huge, StatusCode::PAYLOAD_TOO_LARGE),
        (&empty, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answer = app.post_json("/live/token", body).await;
        let begin: String = body.chars().take(40).collect();
        assert_eq!(answer.status, status, "{begin}");
        assert_eq!(answer.json()["error"]["code"], "invalid_input", "{begin}");
    }
}

#[tokio::test]
async fn a_channel_that_was_left_is_heard_no_more() {
    let served = Served::start().await;
    let (left, kept) = (steps(&served).await, steps(&served).await);
    let mut socket = served.connect().await;
    for id in [left, kept] {
        served.follow(&mut socket, id, None).await;
        until(&mut socket, is_subscribed).await;
    }
    let channel = ChannelName::operation(left);
    socket.send(&json!({ "type": "unsubscribe", "channel": channel.as_str() })).await;
    // Subscribing again is answered after the message before it was obeyed.
    served.follow(&mut socket, kept, None).await;
    until(&mut socket, |m| is_subscribed(m) && m["channel"] != channel.as_str()).await;
    served.app.gate.open(6);
    served.app.ends(left).await;
    let is_end = |m: &Value| m["liveop_finished"].is_object();
    let messages = until(&mut socket, is_end).await;
    assert!(messages.iter().all(|m| m["channel"] == format!("liveop.{kept}")), "{messages:?}");
}

#[tokio::test]
async fn a_connection_over_a_cap_is_told_before_it_is_closed() {
    let mut config = Config::default();
    config.connections_per_viewer_max = 1;
    config.subscriptions_per_connection_max = 1;
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let mut first = served.connect().await;
    served.follow(&mut first, steps(&served).await, None).await;
    until(&mut first, is_subscribed).await;

    let told = |message| json!({ "type": "error", "code": 4429, "message": message });
    let refusal = last_words(served.connect().await).await;
    assert_eq!(refusal, (vec![told("too many connections")], 4429));

    served.follow(&mut first, steps(&served).await, None).await;
    let refusal = first.next_matching("the error", |m| m["type"] == "error").await;
    assert_eq!(refusal, told("too many subscriptions"));
    assert_eq!(first.closed().await, 4429);
}
