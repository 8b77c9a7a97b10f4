//! Property tests of client messages that are malformed or nearly valid.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::*;

/// Parts of valid and of nearly valid messages.
const PIECES: &str = r#"
    { } [ ] : , null -1 1e400 "type": "token": "since": "channel": "cursor": "more":
    "subscribe" "unsubscribe" "ack" "pong" "ping" "" "a.b.c" "liveops.owner.ann" "1.0000000a:2"
    "\ud800" "\u0000" {"type":"pong" {"type":"subscribe","token":"a"
    {"type":"ack","channel":"liveops.owner.ann","cursor":"1.0000000a:2"
"#;

fn pieces(count_max: usize) -> impl Strategy<Value = String> {
    let pieces: Vec<&str> = PIECES.split_whitespace().collect();
    vec(select(pieces), 0..=count_max).prop_map(|pieces| pieces.concat())
}

fn texts() -> impl Strategy<Value = String> {
    let deep = (select(["[", "{\"type\":"].as_slice()), 0_usize..10_000)
        .prop_map(|(open, depth)| open.repeat(depth));
    let closed = pieces(4).prop_map(|text| text + "}");
    prop_oneof![8 => pieces(9), 8 => closed, 3 => ".*", 1 => deep]
}

/// Returns the fields that a message may have.
fn fields(message: &ClientMessage) -> &'static [&'static str] {
    match message {
        ClientMessage::Subscribe { .. } => &["type", "token", "since"],
        ClientMessage::Unsubscribe { .. } => &["type", "channel"],
        ClientMessage::Ack { .. } => &["type", "channel", "cursor"],
        ClientMessage::Pong {} => &["type"],
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(60_000)
    })]

    #[test]
    fn an_accepted_message_has_only_known_fields(text in texts()) {
        let Some(message) = ClientMessage::read(&text) else { return Ok(()) };
        let json: Value = serde_json::from_str(&text).unwrap();
        let known = fields(&message);
        let are_known = json.as_object().map(|json| json.keys().all(|name| known.contains(&&**name)));
        prop_assert_eq!(are_known, Some(true), "{}", text);
    }
}
