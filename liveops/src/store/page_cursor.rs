//! The cursor of a paged list, and the page that it stands for.
//!
//! A page begins after a row and not at a number, so rows that are added or that change elsewhere move no row
//! to another page.

use std::{fmt, str::FromStr};

use super::{Model, SortKey};
use crate::{operation::ListSort, parse_error::ParseError};

/// The start or the end of a page of a sorted list, for [`ListFilter::with_cursor`].
///
/// The text form is safe in URLs and parses back to an equal cursor.
///
/// ```
/// # use liveops::{LiveOps, OperationId, store::{self, ListFilter, PageCursor}};
/// # use liveops::operation::ListSort;
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let liveops = LiveOps::builder(store::connect("sqlite::memory:").await?).build()?;
/// # liveops.migrate().await?;
/// let sort = ListSort::LastFinished;
/// let mut filter = ListFilter::new().with_sort(sort);
/// loop {
///     let page = liveops.list(&filter, 50).await?;
///     let Some(last) = page.last() else { break };
///     let next = PageCursor::after(sort, last);
///     assert_eq!(next.to_string().parse(), Ok(next));
///     filter = filter.with_cursor(next);
/// }
/// # Ok(())
/// # }
/// ```
///
/// [`ListFilter::with_cursor`]: super::ListFilter::with_cursor
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageCursor(pub(crate) PagePosition);

/// A page of a sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PagePosition {
    /// The first page.
    #[default]
    Start,
    /// The page after this key. Empty for a key of [another order](SortKey::is_of).
    After(SortKey),
    /// The page before this key. Empty for a key of [another order](SortKey::is_of).
    Before(SortKey),
    /// The last page.
    End,
}

impl PagePosition {
    /// Returns `true` if the query reads the list from its end.
    pub(super) fn is_backwards(self) -> bool {
        matches!(self, Self::Before(_) | Self::End)
    }
}

impl PageCursor {
    /// The first page. The default.
    pub const START: Self = Self(PagePosition::Start);

    /// The last page.
    pub const END: Self = Self(PagePosition::End);

    /// Returns the cursor of the page that follows `row` in the order `sort`.
    pub fn after(sort: ListSort, row: &Model) -> Self {
        Self(PagePosition::After(SortKey::of(sort, row)))
    }

    /// Returns the cursor of the page that ends before `row` in the order `sort`.
    pub fn before(sort: ListSort, row: &Model) -> Self {
        Self(PagePosition::Before(SortKey::of(sort, row)))
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            PagePosition::Start => f.write_str("start"),
            PagePosition::After(key) => write!(f, "after_{key}"),
            PagePosition::Before(key) => write!(f, "before_{key}"),
            PagePosition::End => f.write_str("end"),
        }
    }
}

/// The valid texts, for the error.
const EXPECTED: &str = "`start`, `end`, or `after_` or `before_` and the position of a row";

impl FromStr for PageCursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let key = |key: &str| key.parse().ok();
        let position = match text {
            "start" => Some(PagePosition::Start),
            "end" => Some(PagePosition::End),
            _ => match text.split_once('_') {
                Some(("after", text)) => key(text).map(PagePosition::After),
                Some(("before", text)) => key(text).map(PagePosition::Before),
                _ => None,
            },
        };
        position.map(Self).ok_or_else(|| ParseError::new(EXPECTED, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::OperationId;

    #[test]
    fn cursors_read_back() {
        let id = OperationId::new();
        let keys = [id.to_string(), format!("2026-11-30T00:23:01.5Z_{id}")];
        for text in ["start".to_owned(), "end".to_owned()]
            .into_iter()
            .chain(keys.iter().flat_map(|key| [format!("after_{key}"), format!("before_{key}")]))
        {
            let cursor: PageCursor = text.parse().unwrap();
            assert_eq!(cursor.to_string().parse(), Ok(cursor), "{text}");
        }
        assert_eq!("start".parse(), Ok(PageCursor::default()));
        assert_eq!(PageCursor::END.to_string(), "end");
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for text in ["", "after", "after_", "before_7", "beside_end", "START"] {
            let error = text.parse::<PageCursor>().unwrap_err().to_string();
            assert_eq!(error, format!("expected {EXPECTED}, found `{text}`"));
        }
    }
}
