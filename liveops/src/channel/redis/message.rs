//! The text format of messages on Redis pub/sub channels.

use std::sync::Arc;

use crate::{
    channel::{Cursor, Delivery, Frame, Notice},
    parse_error::ParseError,
};

/// A message on a Redis pub/sub channel: `frame <cursor> <payload as JSON>`, as `publish.lua` builds it, or
/// `notice <json>`.
#[derive(Debug)]
pub(super) enum PubSubMessage {
    Frame(Frame),
    Notice(Notice),
}

/// A reason why a message could not be parsed.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    #[error("expected `frame` or `notice`, found {0:?}")]
    Kind(String),
    #[error(transparent)]
    Cursor(#[from] ParseError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Text(#[from] std::str::Utf8Error),
}

impl PubSubMessage {
    pub(super) fn read(message: &[u8]) -> Result<Self, MessageError> {
        let message = str::from_utf8(message)?;
        let (kind, rest) = message.split_once(' ').unwrap_or((message, ""));
        match kind {
            "frame" => {
                let (cursor, payload) = rest.split_once(' ').unwrap_or((rest, ""));
                let cursor: Cursor = cursor.parse()?;
                Ok(Self::Frame(Frame { cursor, payload: serde_json::from_str(payload)? }))
            }
            "notice" => Ok(Self::Notice(serde_json::from_str(rest)?)),
            other => Err(MessageError::Kind(other.chars().take(64).collect())),
        }
    }

    pub(super) fn of_notice(notice: &Notice) -> serde_json::Result<String> {
        Ok(format!("notice {}", serde_json::to_string(notice)?))
    }
}

impl From<PubSubMessage> for Delivery {
    fn from(message: PubSubMessage) -> Self {
        match message {
            PubSubMessage::Frame(frame) => Self::Frame(Arc::new(frame)),
            PubSubMessage::Notice(notice) => Self::Notice(notice),
        }
    }
}
