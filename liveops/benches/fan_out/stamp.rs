use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A moment in a message: nanoseconds of the clock that all processes of a machine share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(u64);

impl Stamp {
    const MARK: &str = "t=";

    /// How many digits the nanoseconds have, from 2001 to 2286.
    const DIGITS: usize = 19;

    pub(crate) fn now() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(now.as_nanos()).expect("the clock says a year before 2554"))
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        let delay = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(delay))
    }

    /// The one in a text, if there is one, and where it stands.
    pub(crate) fn find(text: &str) -> Option<(Self, usize)> {
        text.match_indices(Self::MARK).find_map(|(at, mark)| {
            let begin = at + mark.len();
            let nanoseconds = text.get(begin..begin + Self::DIGITS)?.parse().ok()?;
            Some((Self(nanoseconds), at))
        })
    }

    /// Returns `text` with this stamp instead of its own.
    pub(crate) fn put_into(self, text: &str) -> String {
        let Some((_, at)) = Self::find(text) else { return text.to_owned() };
        let after = at + Self::MARK.len() + Self::DIGITS;
        format!("{}{self}{}", &text[..at], &text[after..])
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:0width$}", Self::MARK, self.0, width = Self::DIGITS)
    }
}
