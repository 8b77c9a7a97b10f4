use super::{ListFilter, Model, PageCursor, PagePosition};

/// A page of a list, and where the pages beside it are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowPage {
    /// The rows, in the order that was asked for.
    pub rows: Vec<Model>,
    /// The page after this one; none where this one is the last.
    pub next: Option<PagePosition>,
    /// The page before this one; none where this one is the first.
    pub previous: Option<PagePosition>,
}

impl RowPage {
    /// Makes a page of at most `len` of `rows`, of which there is one more where the list goes on.
    pub(super) fn of(filter: &ListFilter, mut rows: Vec<Model>, len: u64) -> Self {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let goes_on = rows.len() > len;
        if goes_on && filter.position.is_backwards() {
            rows.remove(0);
        }
        rows.truncate(len);
        let key_of = |row: &Model| PageCursor::of(filter.sort, row);
        let next = rows.last().map(key_of).map(PagePosition::After);
        let previous = rows.first().map(key_of).map(PagePosition::Before);
        // What is left of a list whose other side has nothing any more begins at that side, with the row
        // that led here.
        let (next, previous) = match filter.position {
            PagePosition::Start => (next.filter(|_| goes_on), None),
            PagePosition::End => (None, previous.filter(|_| goes_on)),
            PagePosition::After(_) => {
                (next.filter(|_| goes_on), Some(previous.unwrap_or(PagePosition::End)))
            }
            PagePosition::Before(_) => {
                (Some(next.unwrap_or(PagePosition::Start)), previous.filter(|_| goes_on))
            }
        };
        Self { rows, next, previous }
    }
}
