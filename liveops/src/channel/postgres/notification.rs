use std::{str::FromStr, sync::Arc};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    channel::{ChannelError, Cursor, Delivery, Frame, Notice},
    operation::ChannelName,
};

/// How much of a text goes into one notification: PostgreSQL takes less than 8,000 bytes, and what
/// stands before the text is at most 90.
const PART_BYTES_MAX: usize = 7_900;

/// How long an identifier of PostgreSQL may be.
const NAME_BYTES_MAX: usize = 63;

/// What stands in the place of a cursor before a notice, which has none.
const NOTICE: &str = "notice";

/// What PostgreSQL calls a channel: its name, or a hash of one that is too long.
pub(super) fn listened_name(channel: &ChannelName) -> String {
    let name = channel.as_str();
    if name.len() <= NAME_BYTES_MAX && !name.contains('\0') {
        return name.to_owned();
    }
    let hash = Sha256::digest(name);
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("liveops.sha256.{digits}")
}

/// A value as JSON, in as many numbered parts as it takes.
pub(super) fn parts_of(
    action: &'static str,
    value: &impl Serialize,
) -> Result<Vec<String>, ChannelError> {
    let json = serde_json::to_string(value).map_err(|error| ChannelError::new(action, error))?;
    let pieces = split(&json);
    let count = pieces.len();
    // Numbers also keep PostgreSQL from taking two of the same text for one notification.
    Ok(pieces.iter().enumerate().map(|(n, piece)| format!("{}/{count} {piece}", n + 1)).collect())
}

/// The whole notifications of a notice.
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

/// Puts what comes on one channel together again.
///
/// The parts of a frame come one after the other, as those of one transaction do.
#[derive(Debug, Default)]
pub(super) struct NotificationAssembler {
    /// What stood before the parts.
    head: String,
    text: String,
    /// How many of the parts there are.
    parts: usize,
}

/// A notification that this liveops did not send, or one without those before it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the next part of a frame or notice")]
pub(super) struct MalformedNotification;

impl NotificationAssembler {
    /// Takes in the next notification, and gives what it completes.
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
    let (place, text) = rest.split_once(' ')?;
    let (number, count) = place.split_once('/')?;
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
    fn a_frame_of_any_length_is_put_together_again() {
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
    fn a_notice_of_any_length_is_put_together_again() {
        let html = "<b>".repeat(5_000).into();
        let progress = RowProgress { id: OperationId::new(), html };
        let notice = Notice::List(ListChange::Progress(progress));
        let mut assembly = NotificationAssembler::default();
        let mut deliveries = notifications_of("test", &notice)
            .unwrap()
            .into_iter()
            .filter_map(|notification| assembly.add(&notification).unwrap());
        assert!(matches!(deliveries.next(), Some(Delivery::Notice(whole)) if whole == notice));
    }

    #[test]
    fn a_part_that_is_missing_is_noticed_and_the_next_frame_is_whole() {
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
    fn what_others_notify_is_not_understood() {
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
        let short = ChannelName::operation(OperationId::new());
        assert_eq!(listened_name(&short), short.as_str());
        let names: Vec<String> = ["a".repeat(64), "b".repeat(64), "\0".into()]
            .map(|owner| listened_name(&ChannelName::owner(&UserId::from(owner))))
            .into();
        assert!(names.iter().all(|name| name.len() <= NAME_BYTES_MAX && !name.contains('\0')));
        assert!(names[0] != names[1] && names[1] != names[2]);
    }
}
