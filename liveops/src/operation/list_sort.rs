//! The orders in which operations are listed.

use std::{fmt, str::FromStr};

use crate::parse_error::ParseError;

/// The order in which operations are listed. Operations with the same time are ordered by ID.
///
/// [`PageCursor`](crate::store::PageCursor) has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ListSort {
    /// Latest creation first.
    #[default]
    Newest,
    /// Earliest creation first.
    Oldest,
    /// Only operations that have ended, latest end first.
    LastFinished,
    /// Only running operations, earliest start of the attempt first.
    LongestRunning,
}

impl ListSort {
    /// Every order.
    pub const ALL: [Self; 4] =
        [Self::Newest, Self::Oldest, Self::LastFinished, Self::LongestRunning];

    /// Returns the name of the order in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::LastFinished => "last_finished",
            Self::LongestRunning => "longest_running",
        }
    }
}

impl fmt::Display for ListSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The names of [`ListSort::ALL`], for the error.
const NAMES: &str = "newest, oldest, last_finished or longest_running";

impl FromStr for ListSort {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.into_iter().find(|sort| sort.as_str() == text);
        named.ok_or_else(|| ParseError::new(NAMES, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_errors_list_them() {
        let error = "rank".parse::<ListSort>().unwrap_err().to_string();
        for sort in ListSort::ALL {
            assert_eq!(sort.as_str().parse(), Ok(sort));
            assert!(error.contains(sort.as_str()), "{error}");
        }
    }
}
