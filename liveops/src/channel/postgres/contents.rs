use crate::render::{Apply, Fragment};

/// Fragments in columns, as the functions of the database take them.
#[derive(Debug, Default)]
pub(super) struct FragmentColumns<'a> {
    pub(super) regions: Vec<&'a str>,
    /// How many items are added; `None` replaces.
    pub(super) items: Vec<Option<i64>>,
    /// Bytes and not texts: no text of PostgreSQL has every character.
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
