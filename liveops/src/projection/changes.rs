//! The set of regions that changed in a projection.

use std::collections::{BTreeMap, btree_map};

use super::Region;

/// The change of one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The whole content is new.
    Replaced,
    /// Items were appended; `from` is the first of them.
    Appended {
        /// The id of the first appended item.
        from: u64,
    },
}

/// The regions that changed since the last flush, with the kind of change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Changes(BTreeMap<Region, Change>);

impl Changes {
    /// Adds a change and merges it with an earlier change of the same region.
    pub(crate) fn note(&mut self, region: Region, change: Change) {
        self.0.entry(region).and_modify(|noted| *noted = noted.and(change)).or_insert(change);
    }

    /// Adds all changes of `later`, as [`note`](Self::note) does.
    pub(crate) fn merge(&mut self, later: Self) {
        for (region, change) in later {
            self.note(region, change);
        }
    }

    /// Returns `true` if no region changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Change {
    fn and(self, later: Self) -> Self {
        match (self, later) {
            (Self::Appended { from: first }, Self::Appended { from: second }) => {
                Self::Appended { from: first.min(second) }
            }
            _ => Self::Replaced,
        }
    }
}

impl FromIterator<(Region, Change)> for Changes {
    fn from_iter<I: IntoIterator<Item = (Region, Change)>>(changes: I) -> Self {
        let mut all = Self::default();
        for (region, change) in changes {
            all.note(region, change);
        }
        all
    }
}

impl IntoIterator for Changes {
    type Item = (Region, Change);
    type IntoIter = btree_map::IntoIter<Region, Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
