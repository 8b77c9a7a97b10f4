//! The messages of the WebSocket, and their JSON encoding.

use axum::extract::ws::Utf8Bytes;
use maud::Markup;
use serde::{Deserialize, Serialize};

use crate::{
    channel::{CatchUpAnswer, Chained, Cursor, Finished, Frame, Payload, RowProgress, Signal},
    operation::{ChannelName, OperationId, OperationState},
    render::{ContainerOptions, Fragment, Renderer},
    token::{SubscriptionToken, TokenError},
    web::{auth::viewer::Viewer, state::Web},
};

/// The version of the wire format. A page whose script is older than the server reloads itself; `liveops.js` contains
/// the same number. Increase both numbers with a change that an older script does not understand. A server understands
/// the clients of the previous version.
pub(in crate::web) const WIRE_VERSION: u32 = 1;

/// A message from a client.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::web) enum ClientMessage {
    Subscribe { token: SubscriptionToken, since: Option<String> },
    Unsubscribe { channel: String },
    Ack { channel: String, cursor: String },
    Pong {},
}

impl ClientMessage {
    /// Parses a message, which must be a JSON object: serde would also accept an array of the values.
    pub(in crate::web) fn read(text: &str) -> Option<Self> {
        let is_object = text.trim_ascii_start().starts_with('{');
        serde_json::from_str(text).ok().filter(|_| is_object)
    }
}

/// A message from the server.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::web) enum ServerMessage<'a> {
    ChatMessage(ChatMessage<'a>),
    Subscribed {
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
        catch_up: &'static str,
        wire: u32,
    },
    Error {
        code: u16,
        message: &'a str,
    },
    Ping,
}

/// The content of a frame or of a list change.
#[derive(Debug, Default, Serialize)]
pub(in crate::web) struct ChatMessage<'a> {
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

#[derive(Debug, Clone, Serialize)]
struct ChainMessage<'a> {
    channel: String,
    token: SubscriptionToken,
    pk: String,
    url: &'a str,
}

/// An encoded message for a client, and the client's cursor after the message.
#[derive(Debug, Clone)]
pub(in crate::web) struct OutgoingMessage {
    /// `None` if the message does not change the cursor.
    pub(in crate::web) cursor: Option<Cursor>,
    pub(in crate::web) text: Utf8Bytes,
}

impl ServerMessage<'_> {
    pub(in crate::web) fn encode(&self) -> Utf8Bytes {
        let text = serde_json::to_string(self);
        text.expect("a message holds only strings and numbers, which always serialize").into()
    }
}

/// Encodes a frame once for all clients. Returns `None` if the text differs from client to client.
pub(in crate::web) fn encode_shared(
    renderer: &Renderer,
    channel: &ChannelName,
    frame: &Frame,
) -> Option<Utf8Bytes> {
    let message = chat_message(channel, frame);
    let message = match &frame.payload {
        Payload::Fragments(fragments) => {
            let whole = frame.cursor.is_opening();
            ChatMessage { liveop_html: html(renderer, channel, fragments, whole), ..message }
        }
        Payload::Signal(Signal::Finished(finished)) => {
            ChatMessage { liveop_finished: Some(finished_message(finished)), ..message }
        }
        Payload::Signal(Signal::Chained(_)) => return None,
    };
    Some(ServerMessage::ChatMessage(message).encode())
}

/// Encodes a frame for one viewer.
pub(in crate::web) fn encode_frame(
    web: &Web,
    viewer: &Viewer,
    channel: &ChannelName,
    frame: &Frame,
) -> Result<Vec<OutgoingMessage>, TokenError> {
    let message = |cursor, text| OutgoingMessage { cursor, text };
    let Payload::Signal(Signal::Chained(chained)) = &frame.payload else {
        let shared = encode_shared(web.engine().renderer(), channel, frame);
        return Ok(vec![message(Some(frame.cursor), shared.unwrap_or_default())]);
    };
    // Sent twice: the client of django-liveops reads one field of a message, and the container must come
    // first. liveops.js has left the channel after the first message and ignores the second.
    let chain = chain_message(web, viewer, chained)?;
    let hand_over =
        ChatMessage { liveop_chain: Some(chain.clone()), ..chat_message(channel, frame) };
    let sections = next_sections(web, viewer, chained)?;
    let whole = ChatMessage {
        liveop_html: Some(format!("{}{}", chained.container, sections.0)),
        liveop_chain: Some(chain),
        ..chat_message(channel, frame)
    };
    let encode = |chat| message(Some(frame.cursor), ServerMessage::ChatMessage(chat).encode());
    Ok(vec![encode(whole), encode(hand_over)])
}

/// Encodes the messages of a catch-up. A `traceback`, which the viewer must be allowed to read, is sent with
/// the end.
pub(in crate::web) fn encode_catch_up(
    web: &Web,
    viewer: &Viewer,
    channel: &ChannelName,
    cursor: Cursor,
    answer: CatchUpAnswer,
    traceback: Option<&str>,
) -> Result<Vec<OutgoingMessage>, TokenError> {
    let is_reset = matches!(answer, CatchUpAnswer::Reset(_));
    let encode = |frame: Frame| {
        let mut messages = match &frame.payload {
            // A reset contains every region, also if its cursor is not the first of the epoch.
            Payload::Fragments(fragments) if is_reset => {
                let liveop_html = html(web.engine().renderer(), channel, fragments, true);
                let message = ChatMessage { liveop_html, ..chat_message(channel, &frame) };
                let text = ServerMessage::ChatMessage(message).encode();
                vec![OutgoingMessage { cursor: Some(frame.cursor), text }]
            }
            _ => encode_frame(web, viewer, channel, &frame)?,
        };
        if let Payload::Signal(Signal::Finished(finished)) = &frame.payload {
            // Before the end, so that a client with the cursor of the end has the traceback.
            let traceback =
                traceback.map(|text| encode_traceback(web, viewer, channel, finished.id, text));
            messages.splice(..0, traceback);
        }
        Ok(messages)
    };
    let messages: Result<Vec<Vec<OutgoingMessage>>, TokenError> =
        answer.into_frames(cursor).into_iter().map(encode).collect();
    Ok(messages?.into_iter().flatten().collect())
}

/// Encodes a traceback. The message has no cursor, because tracebacks are not part of the channel.
fn encode_traceback(
    web: &Web,
    viewer: &Viewer,
    channel: &ChannelName,
    id: OperationId,
    traceback: &str,
) -> OutgoingMessage {
    let html = web.renderer_for(viewer).traceback_out_of_band(id, traceback);
    let message = ChatMessage {
        channel: channel.as_str(),
        liveop_html: Some(html),
        ..ChatMessage::default()
    };
    OutgoingMessage { cursor: None, text: ServerMessage::ChatMessage(message).encode() }
}

/// Encodes the message that makes the clients of a list reload it.
pub(in crate::web) fn encode_list_changed(list: &ChannelName) -> Utf8Bytes {
    encode_in_list(list, ChatMessage { liveop_list_changed: true, ..ChatMessage::default() })
}

/// Encodes the progress of one operation for the clients of a list.
pub(in crate::web) fn encode_row_progress(list: &ChannelName, progress: &RowProgress) -> Utf8Bytes {
    let liveop_html = Some(progress.html.to_string());
    encode_in_list(list, ChatMessage { liveop_html, ..ChatMessage::default() })
}

fn encode_in_list<'a>(list: &'a ChannelName, message: ChatMessage<'a>) -> Utf8Bytes {
    ServerMessage::ChatMessage(ChatMessage { channel: list.as_str(), ..message }).encode()
}

fn chat_message<'a>(channel: &'a ChannelName, frame: &Frame) -> ChatMessage<'a> {
    ChatMessage {
        channel: channel.as_str(),
        cursor: Some(frame.cursor.to_string()),
        ..ChatMessage::default()
    }
}

/// Renders fragments as HTML. If `whole` is set, the fragments replace the entire content of a page.
fn html(
    renderer: &Renderer,
    channel: &ChannelName,
    fragments: &[Fragment],
    whole: bool,
) -> Option<String> {
    let id = channel.operation_id()?;
    Some(if whole {
        renderer.snapshot_out_of_band(id, fragments)
    } else {
        renderer.out_of_band(id, fragments)
    })
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
    viewer: &Viewer,
    chained: &'a Chained,
) -> Result<ChainMessage<'a>, TokenError> {
    let channel = ChannelName::operation(chained.id);
    Ok(ChainMessage {
        token: web.engine().keys.sign(&viewer.id, &channel)?,
        channel: channel.to_string(),
        pk: chained.id.to_string(),
        url: &chained.url,
    })
}

/// Renders the sections of the next operation that belong to the viewer. They are empty until the viewer opens them.
fn next_sections(web: &Web, viewer: &Viewer, chained: &Chained) -> Result<Markup, TokenError> {
    let renderer = web.renderer_for(viewer);
    let subject = web.engine().presenter.subject(chained.op_type(), chained.id);
    if !viewer.is_staff {
        return Ok(renderer.viewer_sections(Some(renderer.details_section(&subject, None)), None));
    }
    let list = viewer.list_channel();
    let token = Some(web.engine().keys.sign(&viewer.id, &list)?);
    let connection = ContainerOptions { token, ..ContainerOptions::default() };
    let staff = renderer.staff_section(&subject, None, &list, &connection);
    Ok(renderer.viewer_sections(None, Some(staff)))
}

#[cfg(test)]
mod strange;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_understands_the_version_of_the_server() {
        let script = include_str!("../../../assets/liveops.js");
        assert!(script.contains(&format!("{{wireVersion:{WIRE_VERSION}}}")));
    }

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
            r#"{"type":"subscribe","token":"a","token":"b"}"#,
            r#"{"type":"pong","type":"pong"}"#,
            r#"{"type":"pong","type":"ack"}"#,
            r#"{"type":3}"#,
        ] {
            assert!(ClientMessage::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_json_array_is_refused() {
        for text in [r#"["pong"]"#, r#"["pong",{}]"#, r#"["subscribe","a.b.c",null]"#] {
            assert!(ClientMessage::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn valid_messages_of_a_client_are_parsed() {
        for text in [
            r#"{"type":"subscribe","token":"a.b.c"}"#,
            r#"{"type":"subscribe","token":"a.b.c","since":"1.0a:2"}"#,
            r#"{"type":"unsubscribe","channel":"liveop.x"}"#,
            r#"{"type":"ack","channel":"liveop.x","cursor":"1.0a:2"}"#,
            r#"{"type":"pong"}"#,
        ] {
            assert!(ClientMessage::read(text).is_some(), "{text}");
        }
    }
}
