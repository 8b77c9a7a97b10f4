//! The messages of the WebSocket, as JSON texts.

use serde::{Deserialize, Serialize};

use super::state::Web;
use crate::{
    channel::{Chained, Cursor, Finished, Frame, Missing, News, Payload, Signal},
    operation::{ChannelName, OperationState, UserId},
    render::Renderer,
    token::{SubscriptionToken, TokenError},
};

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ClientMessage {
    Subscribe { token: SubscriptionToken, since: Option<String> },
    Unsubscribe { channel: String },
    Ack { channel: String, cursor: String },
    Pong {},
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ChatMessage(ChatMessage<'a>),
    Subscribed {
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        catch_up: &'static str,
    },
    Error {
        code: u16,
        message: &'a str,
    },
    Ping,
}

/// What happened on a channel.
#[derive(Debug, Default, Serialize)]
pub(super) struct ChatMessage<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    liveop_html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    liveop_finished: Option<FinishedMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    liveop_chain: Option<ChainMessage<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    liveop_list_changed: bool,
}

#[derive(Debug, Serialize)]
struct FinishedMessage<'a> {
    pk: String,
    state: OperationState,
    url: &'a str,
    success_url: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ChainMessage<'a> {
    channel: String,
    token: SubscriptionToken,
    pk: String,
    url: &'a str,
}

impl ServerMessage<'_> {
    pub(super) fn encode(&self) -> String {
        serde_json::to_string(self).expect("a message is texts and numbers, which always serialize")
    }
}

/// The text of a frame that is the same for every client; `None` for one that is not.
pub(super) fn encode_shared(
    renderer: &Renderer,
    channel: &ChannelName,
    frame: &Frame,
) -> Option<String> {
    let html = |fragments: &_| {
        let id = channel.operation_id()?;
        Some(if frame.is_opening() {
            renderer.snapshot_out_of_band(id, fragments)
        } else {
            renderer.out_of_band(id, fragments)
        })
    };
    let message = ChatMessage {
        channel: channel.as_str(),
        cursor: Some(frame.cursor.to_string()),
        ..ChatMessage::default()
    };
    let message = match &frame.payload {
        Payload::Fragments(fragments) => ChatMessage { liveop_html: html(fragments), ..message },
        Payload::Signal(Signal::Finished(finished)) => {
            ChatMessage { liveop_finished: Some(finished_message(finished)), ..message }
        }
        Payload::Signal(Signal::Chained(_)) => return None,
    };
    Some(ServerMessage::ChatMessage(message).encode())
}

/// The text that tells a list's clients that it changed.
pub(super) fn encode_list_changed(list: &ChannelName) -> String {
    ServerMessage::ChatMessage(ChatMessage {
        channel: list.as_str(),
        liveop_list_changed: true,
        ..ChatMessage::default()
    })
    .encode()
}

/// The text of a signal for one viewer.
pub(super) fn encode_signal(
    web: &Web,
    viewer: &UserId,
    channel: &ChannelName,
    cursor: Cursor,
    signal: &Signal,
) -> Result<String, TokenError> {
    let message = ChatMessage {
        channel: channel.as_str(),
        cursor: Some(cursor.to_string()),
        ..ChatMessage::default()
    };
    let message = match signal {
        Signal::Finished(finished) => {
            ChatMessage { liveop_finished: Some(finished_message(finished)), ..message }
        }
        Signal::Chained(chained) => ChatMessage {
            liveop_html: Some(chained.container.to_string()),
            liveop_chain: Some(chain_message(web, viewer, chained)?),
            ..message
        },
    };
    Ok(ServerMessage::ChatMessage(message).encode())
}

/// The texts that bring a client up to date and say how.
///
/// A client that is cut off in between has come as far as the last text it got: the place of each
/// is as if the signals were the newest frames, which they are.
pub(super) fn encode_catch_up(
    web: &Web,
    viewer: &UserId,
    channel: &ChannelName,
    cursor: Cursor,
    missing: &Missing,
) -> Result<Vec<String>, TokenError> {
    let mut texts = Vec::new();
    if let (Missing::Delta(news) | Missing::Reset(news), Some(id)) =
        (missing, channel.operation_id())
    {
        let News { fragments, signals } = news;
        let renderer = &web.engine().renderer;
        let html = match missing {
            Missing::Reset(_) => renderer.snapshot_out_of_band(id, fragments),
            _ => renderer.out_of_band(id, fragments),
        };
        let mut left = signals.len() as u64;
        texts.push(
            ServerMessage::ChatMessage(ChatMessage {
                channel: channel.as_str(),
                cursor: Some(cursor.before(left).to_string()),
                liveop_html: Some(html),
                ..ChatMessage::default()
            })
            .encode(),
        );
        for signal in signals {
            left -= 1;
            texts.push(encode_signal(web, viewer, channel, cursor.before(left), signal)?);
        }
    }
    Ok(texts)
}

fn finished_message(finished: &Finished) -> FinishedMessage<'_> {
    FinishedMessage {
        pk: finished.id.to_string(),
        state: finished.state,
        url: &finished.url,
        success_url: finished.success_url.as_deref(),
    }
}

fn chain_message<'a>(
    web: &Web,
    viewer: &UserId,
    chained: &'a Chained,
) -> Result<ChainMessage<'a>, TokenError> {
    let channel = ChannelName::operation(chained.id);
    Ok(ChainMessage {
        token: web.engine().keys.sign(viewer, &channel)?,
        channel: channel.to_string(),
        pk: chained.id.to_string(),
        url: &chained.url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_messages_and_fields_are_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":"shout"}"#,
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","token":7}"#,
            r#"{"type":"unsubscribe","channel":"liveop.x","more":1}"#,
        ] {
            assert!(serde_json::from_str::<ClientMessage>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_messages_of_a_client_are_read() {
        for text in [
            r#"{"type":"subscribe","token":"a.b.c"}"#,
            r#"{"type":"subscribe","token":"a.b.c","since":"1.0a:2"}"#,
            r#"{"type":"unsubscribe","channel":"liveop.x"}"#,
            r#"{"type":"ack","channel":"liveop.x","cursor":"1.0a:2"}"#,
            r#"{"type":"pong"}"#,
        ] {
            serde_json::from_str::<ClientMessage>(text).unwrap();
        }
    }
}
