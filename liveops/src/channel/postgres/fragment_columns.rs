//! The column form of fragments, as the SQL functions take them.

use crate::render::{Apply, Fragment};

/// Fragments as arrays of columns, the parameters of the SQL functions.
#[derive(Debug, Default)]
pub(super) struct FragmentColumns<'a> {
    pub(super) regions: Vec<&'a str>,
    /// The number of appended items; `None` replaces the region.
    pub(super) items: Vec<Option<i64>>,
    /// The HTML of each fragment. Bytes, because PostgreSQL's `text` cannot hold the NUL character.
    pub(super) htmls: Vec<&'a [u8]>,
}

impl<'a> FragmentColumns<'a> {
    pub(super) fn of(fragments: &'a [Fragment]) -> Self {
        let mut contents = Self::default();
        for fragment in fragments {
            contents.regions.push(fragment.region.as_str());
            contents.items.push(match fragment.apply {
                Apply::Replace => None,
                Apply::Append(items) => Some(items.into()),
            });
            contents.htmls.push(fragment.html.as_bytes());
        }
        contents
    }
}
