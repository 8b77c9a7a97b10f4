//! One page of a list, with the positions of its neighbours.

use super::{ListFilter, Model, PagePosition, SortKey};

/// A page of a list, with the positions of the next and the previous page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowPage {
    /// The rows, in the requested order.
    pub(crate) rows: Vec<Model>,
    /// The next page; `None` on the last page.
    pub(crate) next: Option<PagePosition>,
    /// The previous page; `None` on the first page.
    pub(crate) previous: Option<PagePosition>,
    /// `true` if a search ended before the page was full, and continues on the page after it in the reading
    /// direction.
    pub(crate) search_continues: bool,
}

impl RowPage {
    /// Creates a page of at most `len` of `rows`. One row more than `len` means that the list continues.
    pub(super) fn of(filter: &ListFilter, mut rows: Vec<Model>, len: u64) -> Self {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let continues = rows.len() > len;
        if continues && filter.cursor.0.is_backwards() {
            rows.remove(0);
        }
        rows.truncate(len);
        let key_of = |row: &Model| SortKey::of(filter.sort, row);
        let next = rows.last().map(key_of).map(PagePosition::After);
        let previous = rows.first().map(key_of).map(PagePosition::Before);
        // An empty page after or before a key still links back: to the end of the list or to its start.
        let (next, previous) = match filter.cursor.0 {
            PagePosition::Start => (next.filter(|_| continues), None),
            PagePosition::End => (None, previous.filter(|_| continues)),
            PagePosition::After(_) => {
                (next.filter(|_| continues), Some(previous.unwrap_or(PagePosition::End)))
            }
            PagePosition::Before(_) => {
                (Some(next.unwrap_or(PagePosition::Start)), previous.filter(|_| continues))
            }
        };
        Self { rows, next, previous, search_continues: false }
    }

    /// Continues the search of a page with too few rows behind `last`, the last row that the search has read.
    pub(super) fn searched_to(mut self, filter: &ListFilter, last: SortKey) -> Self {
        self.search_continues = true;
        if filter.cursor.0.is_backwards() {
            self.previous = Some(PagePosition::Before(last));
        } else {
            self.next = Some(PagePosition::After(last));
        }
        self
    }
}
