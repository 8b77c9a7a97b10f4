//! What the server says over a WebSocket.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Message {
    #[serde(rename = "chat_message")]
    Frame(Frame),
    Subscribed {
        channel: String,
        cursor: Option<String>,
        catch_up: String,
    },
    Error {
        code: u16,
    },
    Ping,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Frame {
    pub(crate) channel: String,
    pub(crate) cursor: Option<String>,
    pub(crate) liveop_html: Option<String>,
    pub(crate) liveop_finished: Option<Finished>,
    pub(crate) liveop_chain: Option<Chain>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Finished {
    pub(crate) state: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Chain {
    pub(crate) channel: String,
    pub(crate) token: String,
    pub(crate) pk: String,
    pub(crate) url: String,
}

pub(crate) fn subscribe(token: &str, since: Option<&str>) -> Value {
    match since {
        Some(since) => json!({ "type": "subscribe", "token": token, "since": since }),
        None => json!({ "type": "subscribe", "token": token }),
    }
}

pub(crate) fn unsubscribe(channel: &str) -> Value {
    json!({ "type": "unsubscribe", "channel": channel })
}

pub(crate) fn ack(channel: &str, cursor: &str) -> Value {
    json!({ "type": "ack", "channel": channel, "cursor": cursor })
}

pub(crate) fn pong() -> Value {
    json!({ "type": "pong" })
}
