use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::operation::Attempt;

/// One unbroken history of a channel: an attempt, and a nonce that tells a history that was lost
/// from the one that took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// The attempt whose frames these are.
    pub attempt: Attempt,
    /// 0 stands for the operation's row, which is no history but what is left of one.
    pub nonce: u32,
}

impl Epoch {
    /// A history of `attempt` that begins now.
    pub fn begin(attempt: Attempt) -> Self {
        // The end of a UUIDv7 is random.
        let random = Uuid::now_v7().as_u128() as u32;
        Self { attempt, nonce: random.max(1) }
    }

    /// What the row of the operation says after `attempt`.
    pub const fn of_row(attempt: Attempt) -> Self {
        Self { attempt, nonce: 0 }
    }
}

/// A place in a channel: how far a client has come. Written `epoch:seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

    /// The place this many frames before.
    #[must_use]
    pub const fn before(self, frames: u64) -> Self {
        Self { seq: self.seq.saturating_sub(frames), ..self }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:08x}", self.attempt, self.nonce)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor such as `1.0a1b2c3d:42`")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let parse = || {
            let (epoch, seq) = text.split_once(':')?;
            let (attempt, nonce) = epoch.split_once('.')?;
            let attempt = Attempt(attempt.parse().ok()?);
            let nonce = u32::from_str_radix(nonce, 16).ok()?;
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
    fn other_texts_are_no_cursors() {
        for text in ["", ":", "1:2", "1.x:2", "1.0a:-1", "1.0a:2:3", "1.1ffffffff:1"] {
            assert_eq!(text.parse::<Cursor>(), Err(ParseCursorError), "{text:?}");
        }
    }
}
