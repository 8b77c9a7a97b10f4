use super::{ListFilter, ListKey, ListPlace, Model};

/// A page of a list, and where the pages beside it are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// The rows, in the order that was asked for.
    pub rows: Vec<Model>,
    /// The page after this one; none where this one is the last.
    pub next: Option<ListPlace>,
    /// The page before this one; none where this one is the first.
    pub previous: Option<ListPlace>,
}

impl Listed {
    /// Makes a page of at most `len` of `rows`, of which there is one more where the list goes on.
    pub(super) fn of(filter: &ListFilter, mut rows: Vec<Model>, len: u64) -> Self {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let goes_on = rows.len() > len;
        if goes_on && filter.place.is_backwards() {
            rows.remove(0);
        }
        rows.truncate(len);
        let key_of = |row: &Model| ListKey::of(filter.sort, row);
        let next = rows.last().map(key_of).map(ListPlace::After);
        let previous = rows.first().map(key_of).map(ListPlace::Before);
        // What is left of a list whose other side has nothing any more begins at that side, with the row
        // that led here.
        let (next, previous) = match filter.place {
            ListPlace::Start => (next.filter(|_| goes_on), None),
            ListPlace::End => (None, previous.filter(|_| goes_on)),
            ListPlace::After(_) => {
                (next.filter(|_| goes_on), Some(previous.unwrap_or(ListPlace::End)))
            }
            ListPlace::Before(_) => {
                (Some(next.unwrap_or(ListPlace::Start)), previous.filter(|_| goes_on))
            }
        };
        Self { rows, next, previous }
    }
}
