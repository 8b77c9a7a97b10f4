//! The text format of notifications: channel names, numbered parts, and their reassembly. No I/O.
//!
//! PostgreSQL limits a notification to 8,000 bytes, so a long frame is sent as several notifications of one
//! transaction, which arrive one after the other. Notifications that contain only a position would require
//! every process to fetch the frame, and every frame to be kept.

use std::{str::FromStr, sync::Arc};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    channel::{ChannelError, Cursor, Delivery, Frame, Notice},
    operation::ChannelName,
};

/// Maximum text length of one notification. PostgreSQL accepts less than 8,000 bytes, and the head before
/// the text takes at most 90.
const PART_BYTES_MAX: usize = 7_900;

/// Maximum length of an identifier in PostgreSQL.
const NAME_BYTES_MAX: usize = 63;

/// The head of a notice, instead of a cursor.
const NOTICE: &str = "notice";

/// The schema of the tables, as part of every PostgreSQL channel name. All schemas of a database share its
/// notifications, so without the schema, the applications in two schemas would receive those of each other.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// A hash, because a channel name has little space.
    digits: String,
}

impl Schema {
    pub(super) fn new(name: &str) -> Self {
        Self { digits: hash(name, 8) }
    }

    /// Returns the PostgreSQL channel name of a channel: the schema and its own name, or a hash if its name is
    /// too long or contains NUL.
    pub(super) fn listened_name(&self, channel: &ChannelName) -> String {
        let (schema, name) = (&self.digits, channel.as_str());
        if schema.len() + 1 + name.len() <= NAME_BYTES_MAX && !name.contains('\0') {
            return format!("{schema}.{name}");
        }
        format!("{schema}.sha256.{}", hash(name, 16))
    }
}

/// Returns the first bytes of a hash in hexadecimal digits.
fn hash(text: &str, bytes: usize) -> String {
    Sha256::digest(text)[..bytes].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Serializes a value to JSON and splits the text into numbered parts.
pub(super) fn parts_of(
    action: &'static str,
    value: &impl Serialize,
) -> Result<Vec<String>, ChannelError> {
    let json = serde_json::to_string(value).map_err(|error| ChannelError::new(action, error))?;
    let pieces = split(&json);
    let count = pieces.len();
    // The numbers also make equal parts distinct: PostgreSQL merges equal notifications of one transaction.
    Ok(pieces.iter().enumerate().map(|(n, piece)| format!("{}/{count} {piece}", n + 1)).collect())
}

/// Returns the complete notifications for a notice.
pub(super) fn notifications_of(
    action: &'static str,
    notice: &Notice,
) -> Result<Vec<String>, ChannelError> {
    let parts = parts_of(action, notice)?;
    Ok(parts.iter().map(|part| format!("{NOTICE} {part}")).collect())
}

fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > PART_BYTES_MAX {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PART_BYTES_MAX));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Reassembles the notifications of one channel.
///
/// The parts of a frame arrive one after the other, because one transaction sends them.
#[derive(Debug, Default)]
pub(super) struct NotificationAssembler {
    /// The text before the part number: a cursor or `notice`.
    head: String,
    text: String,
    /// The number of parts received.
    parts: usize,
}

/// The error for a notification that liveops did not send, or a part without the parts before it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the next part of a frame or a notice")]
pub(super) struct MalformedNotification;

impl NotificationAssembler {
    /// Adds the next notification. Returns the delivery that the notification completes, if any.
    pub(super) fn add(
        &mut self,
        notification: &str,
    ) -> Result<Option<Delivery>, MalformedNotification> {
        let (head, number, count, text) = parse(notification).ok_or(MalformedNotification)?;
        if number == 1 {
            *self = Self { head: head.to_owned(), text: String::new(), parts: 0 };
        }
        if head != self.head || number != self.parts + 1 {
            *self = Self::default();
            return Err(MalformedNotification);
        }
        if count == 1 {
            return read(head, text).map(Some);
        }
        self.text.push_str(text);
        self.parts = number;
        if number < count {
            return Ok(None);
        }
        let whole = std::mem::take(self);
        read(&whole.head, &whole.text).map(Some)
    }
}

fn parse(notification: &str) -> Option<(&str, usize, usize, &str)> {
    let (head, rest) = notification.split_once(' ')?;
    let (numbering, text) = rest.split_once(' ')?;
    let (number, count) = numbering.split_once('/')?;
    let (number, count) = (number.parse().ok()?, count.parse().ok()?);
    (1..=count).contains(&number).then_some((head, number, count, text))
}

fn read(head: &str, text: &str) -> Result<Delivery, MalformedNotification> {
    if head == NOTICE {
        return Ok(Delivery::Notice(
            serde_json::from_str(text).map_err(|_| MalformedNotification)?,
        ));
    }
    let cursor = Cursor::from_str(head).map_err(|_| MalformedNotification)?;
    let payload = serde_json::from_str(text).map_err(|_| MalformedNotification)?;
    Ok(Delivery::Frame(Arc::new(Frame { cursor, payload })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        channel::{ListChange, Payload, RowProgress},
        operation::{Attempt, OperationId, UserId},
        projection::Region,
        render::Fragment,
    };

    fn frame(text: &str) -> Frame {
        let payload = Payload::Fragments(vec![Fragment::replace(Region::Status, text)]);
        Frame {
            cursor: Cursor { epoch: crate::channel::Epoch::begin(Attempt(1)), seq: 7 },
            payload,
        }
    }

    fn notifications(frame: &Frame) -> Vec<String> {
        let parts = parts_of("test", &frame.payload).unwrap();
        parts.iter().map(|part| format!("{} {part}", frame.cursor)).collect()
    }

    #[test]
    fn a_frame_of_any_length_is_reassembled() {
        for text in [String::new(), "\0".into(), "ä€🦀".repeat(10_000), "x".repeat(1 << 20)] {
            let frame = frame(&text);
            let notifications = notifications(&frame);
            let mut assembly = NotificationAssembler::default();
            for (n, notification) in notifications.iter().enumerate() {
                assert!(notification.len() < 8_000, "{}", notification.len());
                let delivery = assembly.add(notification).unwrap();
                assert_eq!(delivery.is_some(), n + 1 == notifications.len());
                if let Some(Delivery::Frame(whole)) = delivery {
                    assert_eq!(*whole, frame);
                }
            }
        }
    }

    #[test]
    fn a_notice_of_any_length_is_reassembled() {
        let html = "<b>".repeat(5_000).into();
        let progress =
            RowProgress { id: OperationId::new(), op_type: "".into(), owner: None, html };
        let notice = Notice::List(ListChange::Progress(progress));
        let mut assembly = NotificationAssembler::default();
        let mut deliveries = notifications_of("test", &notice)
            .unwrap()
            .into_iter()
            .filter_map(|notification| assembly.add(&notification).unwrap());
        assert!(matches!(deliveries.next(), Some(Delivery::Notice(whole)) if whole == notice));
    }

    #[test]
    fn a_missing_part_is_detected_and_the_next_frame_is_complete() {
        let long = frame(&"x".repeat(30_000));
        let parts = notifications(&long);
        let mut assembly = NotificationAssembler::default();
        assert!(matches!(assembly.add(&parts[0]), Ok(None)));
        assert_eq!(assembly.add(&parts[2]).unwrap_err(), MalformedNotification);
        assert_eq!(assembly.add(&parts[3]).unwrap_err(), MalformedNotification);
        let short = frame("next");
        let delivery = assembly.add(&notifications(&short)[0]).unwrap();
        assert!(matches!(delivery, Some(Delivery::Frame(whole)) if *whole == short));
    }

    #[test]
    fn foreign_notifications_are_refused() {
        for text in
            ["", "hello", "notice 1/1", "notice 0/1 {}", "notice 2/1 {}", "1.0:1 1/1 {", "x 1/1 {}"]
        {
            assert_eq!(
                NotificationAssembler::default().add(text).unwrap_err(),
                MalformedNotification,
                "{text:?}"
            );
        }
    }

    #[test]
    fn long_names_are_hashed_to_identifiers() {
        let (schema, other) = (Schema::new("tenant_1"), Schema::new("tenant_2"));
        let short = ChannelName::operation(OperationId::new());
        let listened = schema.listened_name(&short);
        assert!(listened.ends_with(short.as_str()) && listened.len() <= NAME_BYTES_MAX);
        assert_ne!(listened, other.listened_name(&short));
        let long = ["a".repeat(64), "b".repeat(64), "\0".into()];
        let long = long.map(|owner| ChannelName::owner(&UserId::from(owner)));
        assert_ne!(schema.listened_name(&long[0]), other.listened_name(&long[0]));
        let names = long.map(|channel| schema.listened_name(&channel));
        assert!(names.iter().all(|name| name.len() <= NAME_BYTES_MAX && !name.contains('\0')));
        assert!(names[0] != names[1] && names[1] != names[2]);
    }
}
