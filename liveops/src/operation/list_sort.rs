use std::{fmt, str::FromStr};

/// In which order operations are listed. Among those of one moment the id decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ListSort {
    /// The one that was made last comes first.
    #[default]
    Newest,
    /// The one that was made first comes first.
    Oldest,
    /// Those that have ended, the one that ended last first.
    LastFinished,
    /// Those that run, the one whose attempt started first first.
    LongestRunning,
}

impl ListSort {
    /// Every order there is.
    pub const ALL: [Self; 4] =
        [Self::Newest, Self::Oldest, Self::LastFinished, Self::LongestRunning];

    /// The order's name in lower case.
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

/// A text that names no order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected newest, oldest, last_finished or longest_running, found `{found}`")]
pub struct ParseListSortError {
    found: String,
}

impl FromStr for ListSort {
    type Err = ParseListSortError;

    fn from_str(text: &str) -> Result<Self, ParseListSortError> {
        let named = Self::ALL.into_iter().find(|sort| sort.as_str() == text);
        named.ok_or_else(|| ParseListSortError { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_errors_list_them() {
        let error = "rank".parse::<ListSort>().unwrap_err().to_string();
        for sort in ListSort::ALL {
            assert_eq!(sort.as_str().parse(), Ok(sort));
            assert!(error.contains(sort.as_str()), "{error}");
        }
    }
}
