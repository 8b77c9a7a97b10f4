//! Positions in a channel: [`Epoch`] names one history, [`Cursor`] one frame of a history. Pure values with
//! a text form.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{operation::Attempt, parse_error::ParseError};

/// An example of a valid text, for the error.
const EXPECTED: &str = "a cursor such as `1.019aa31d0c5b7d13a5a2c4c5c1d6e1f3:42`";

/// One unbroken history of a channel: an attempt, and a nonce that distinguishes a lost history from its
/// replacement.
///
/// Epochs sort by the time at which they began, as far as the clocks of the processes agree. Clocks that
/// disagree cause a catch-up, never a wrong state.
///
/// [`Cursor`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// The attempt that published the history.
    pub attempt: Attempt,
    /// The time at which the history began, as a version 7 UUID: ordered by time, also within a millisecond
    /// if one process began both histories. 0 stands for the operation's row, which holds a state and no
    /// history.
    pub nonce: u128,
}

impl Epoch {
    /// Returns an epoch of `attempt` that begins now.
    pub fn begin(attempt: Attempt) -> Self {
        Self { attempt, nonce: Uuid::now_v7().as_u128() }
    }

    /// Returns the epoch of a state read from the operation's row after `attempt`.
    pub const fn of_row(attempt: Attempt) -> Self {
        Self { attempt, nonce: 0 }
    }
}

/// A position in a channel: the newest frame that a client has received. Written `epoch:seq`.
///
/// ```
/// use liveops::{Attempt, channel::Cursor};
///
/// let cursor: Cursor = "1.019aa31d0c5b7d13a5a2c4c5c1d6e1f3:42".parse()?;
/// assert_eq!(cursor.epoch.attempt, Attempt(1));
/// assert_eq!(cursor.seq, 42);
/// assert_eq!(cursor.to_string(), "1.019aa31d0c5b7d13a5a2c4c5c1d6e1f3:42");
/// # Ok::<(), liveops::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The history that contains the frame.
    pub epoch: Epoch,
    /// The sequence number of the frame. The first frame of a history has number 1.
    pub seq: u64,
}

impl Cursor {
    /// Returns the cursor of a snapshot taken from the operation's row and followed by `signals` signals.
    pub const fn of_row(attempt: Attempt, signals: u64) -> Self {
        Self { epoch: Epoch::of_row(attempt), seq: signals }
    }

    /// Returns `true` if the frame at this cursor opens a history. An opening frame holds every region, so
    /// a client can apply it without any earlier frame.
    pub const fn is_opening(self) -> bool {
        self.seq == 1 && self.epoch.nonce != 0
    }

    /// Returns `true` if the cursor marks the end of an attempt as read from the operation's row. The
    /// history of that attempt holds nothing newer.
    pub const fn is_end(self) -> bool {
        self.epoch.nonce == 0 && self.seq > 0
    }

    /// Returns the cursor `frames` frames earlier in the same history, at least at sequence number 0.
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

impl FromStr for Cursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parse = || {
            let (epoch, seq) = text.split_once(':')?;
            let (attempt, nonce) = epoch.split_once('.')?;
            let attempt = Attempt(attempt.parse().ok()?);
            let nonce = u128::from_str_radix(nonce, 16).ok()?;
            Some(Self { epoch: Epoch { attempt, nonce }, seq: seq.parse().ok()? })
        };
        parse().ok_or_else(|| ParseError::new(EXPECTED, text))
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
            assert_eq!(
                text.parse::<Cursor>().unwrap_err().to_string(),
                format!(
                    "expected a cursor such as `1.019aa31d0c5b7d13a5a2c4c5c1d6e1f3:42`, found `{text}`"
                )
            );
        }
    }
}
