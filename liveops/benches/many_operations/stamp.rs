//! The time of an update, in the text of its status.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A time in a message: nanoseconds of the clock that all processes of a machine share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(Duration);

impl Stamp {
    const MARK: &str = "t=";

    /// Number of digits of the nanoseconds, from the year 2001 to the year 2286.
    const DIGITS: usize = 19;

    pub(crate) fn now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }

    /// Returns the stamp in a text, if the text has one.
    pub(crate) fn find(text: &str) -> Option<Self> {
        text.match_indices(Self::MARK).find_map(|(at, mark)| {
            let begin = at + mark.len();
            let nanoseconds = text.get(begin..begin + Self::DIGITS)?.parse().ok()?;
            Some(Self(Duration::from_nanos(nanoseconds)))
        })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:0width$}", Self::MARK, self.0.as_nanos(), width = Self::DIGITS)
    }
}
