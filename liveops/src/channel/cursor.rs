use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::operation::Attempt;

/// One unbroken history of a channel: an attempt, and a nonce that tells a history that was lost
/// from the one that took its place.
///
/// Epochs are ordered as they began, as far as the clocks that were there agree. Nothing breaks
/// where they do not: see [`FrameDecision`](super::FrameDecision).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// The attempt whose frames these are.
    pub attempt: Attempt,
    /// A version 7 UUID of when the history began: ordered by time, also within a millisecond
    /// where one process began both. 0 stands for the operation's row, which is no history but
    /// what is left of one.
    pub nonce: u128,
}

impl Epoch {
    /// A history of `attempt` that begins now.
    pub fn begin(attempt: Attempt) -> Self {
        Self { attempt, nonce: Uuid::now_v7().as_u128() }
    }

    /// What the row of the operation says after `attempt`.
    pub const fn of_row(attempt: Attempt) -> Self {
        Self { attempt, nonce: 0 }
    }
}

/// A place in a channel: how far a client has come. Written `epoch:seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The history the place is in.
    pub epoch: Epoch,
    /// The number of the newest frame seen; the first one is 1.
    pub seq: u64,
}

impl Cursor {
    /// The place of a snapshot taken from the operation's row, and of the `signals` behind it.
    pub const fn of_row(attempt: Attempt, signals: u64) -> Self {
        Self { epoch: Epoch::of_row(attempt), seq: signals }
    }

    /// Whether the frame at this place begins its history: it then holds every region, so that
    /// whoever applies it needs nothing that came before.
    pub const fn is_opening(self) -> bool {
        self.seq == 1 && self.epoch.nonce != 0
    }

    /// Whether this is what the row says of an attempt that has ended: nothing in the history of
    /// that attempt is newer.
    pub const fn is_end(self) -> bool {
        self.epoch.nonce == 0 && self.seq > 0
    }

    /// The place this many frames before.
    #[must_use]
    pub const fn before(self, frames: u64) -> Self {
        Self { seq: self.seq.saturating_sub(frames), ..self }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:032x}", self.attempt, self.nonce)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor such as `1.019aa31d0c5b7d13a5a2c4c5c1d6e1f3:42`")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let parse = || {
            let (epoch, seq) = text.split_once(':')?;
            let (attempt, nonce) = epoch.split_once('.')?;
            let attempt = Attempt(attempt.parse().ok()?);
            let nonce = u128::from_str_radix(nonce, 16).ok()?;
            Some(Self { epoch: Epoch { attempt, nonce }, seq: seq.parse().ok()? })
        };
        parse().ok_or(ParseCursorError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back() {
        let cursor = Cursor { epoch: Epoch::begin(Attempt(3)), seq: 42 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn a_later_history_has_a_later_epoch() {
        let epochs: Vec<Epoch> = (0..10_000).map(|_| Epoch::begin(Attempt(1))).collect();
        assert!(epochs.is_sorted_by(|before, after| before < after));
        assert!(Epoch::of_row(Attempt(1)) < epochs[0]);
        assert!(epochs[9_999] < Epoch::of_row(Attempt(2)));
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for text in [
            "",
            ":",
            "1:2",
            "1.x:2",
            "1.0a:-1",
            "1.0a:2:3",
            "1.100000000000000000000000000000000:1",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(ParseCursorError), "{text:?}");
        }
    }
}
