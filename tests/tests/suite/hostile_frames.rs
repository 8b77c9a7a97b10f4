//! Whatever a client sends is obeyed, or ends its connection and nothing else.

use liveops::{ChannelName, UserId};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    frames::{in_frames, messages},
    served::{Served, is_subscribed},
};

/// How many clients send something strange.
const CLIENTS: usize = 400;

fn own_list() -> ChannelName {
    ChannelName::owner(&UserId::from("ann"))
}

/// The size of a message that a client may just send.
const BYTES_MAX: usize = 64 << 10;

/// Sends it and a good message after it: either the good one is answered, or the connection was
/// closed with a code that says why.
async fn send(served: &Served, messages: Vec<Message>) -> Result<Value, u16> {
    let mut socket = served.connect().await;
    for message in messages {
        if socket.try_send(message).await.is_err() {
            break;
        }
    }
    let token = served.token("ann", &own_list());
    let subscribe = json!({ "type": "subscribe", "token": token }).to_string();
    let _ = socket.try_send(Message::text(subscribe)).await;
    socket.next_or_close(is_subscribed).await
}

#[tokio::test]
async fn strange_messages_are_obeyed_or_close_the_connection() {
    let served = Served::start().await;
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut obeyed, mut closed) = (0, 0);
    for _ in 0..CLIENTS {
        let strange = messages().new_tree(&mut runner).unwrap().current();
        let what = format!("{strange:?}");
        match send(&served, strange).await {
            Ok(_) => obeyed += 1,
            Err(1008 | 1009 | 4401) => closed += 1,
            Err(code) => panic!("closed with {code} because of {what}"),
        }
    }
    assert!(obeyed > CLIENTS / 20 && closed > CLIENTS / 2, "{obeyed} obeyed, {closed} closed");
}

#[tokio::test]
async fn a_message_may_be_just_so_long() {
    let served = Served::start().await;
    for (bytes, expected) in [
        (BYTES_MAX - 1, Ok(())),
        (BYTES_MAX, Ok(())),
        (BYTES_MAX + 1, Err(1009)),
        (2 * BYTES_MAX, Err(1009)),
        (16 * BYTES_MAX, Err(1009)),
    ] {
        let outcome = send(&served, vec![Message::text(pong(bytes))]).await;
        assert_eq!(outcome.map(drop), expected, "{bytes}");
    }
}

#[tokio::test]
async fn a_message_in_pieces_counts_as_one() {
    let served = Served::start().await;
    for (pieces, expected) in [(1, Ok(())), (2, Ok(())), (63, Ok(())), (65, Err(1009))] {
        let text = pong(pieces << 10);
        let outcome = send(&served, in_frames(text.as_bytes().chunks(1 << 10))).await;
        assert_eq!(outcome.map(drop), expected, "{pieces} pieces of a KiB");
    }
}

/// A good message of this many bytes.
fn pong(bytes: usize) -> String {
    let mut text = r#"{"type":"pong"}"#.to_owned();
    text.push_str(&" ".repeat(bytes - text.len()));
    text
}

#[tokio::test]
async fn a_strange_client_disturbs_nobody_else() {
    let served = Served::start().await;
    let mut good = served.connect().await;
    let token = served.token("ann", &own_list());
    good.send(&json!({ "type": "subscribe", "token": token })).await;
    good.next_matching("the subscription", is_subscribed).await;
    for strange in [
        Message::text("{"),
        Message::binary(vec![0xff; 100]),
        Message::text("[".repeat(BYTES_MAX)),
        Message::text(" ".repeat(BYTES_MAX + 1)),
    ] {
        assert!(send(&served, vec![strange]).await.is_err());
    }
    good.send(&json!({ "type": "subscribe", "token": token })).await;
    good.next_matching("another answer on the same connection", is_subscribed).await;
}
