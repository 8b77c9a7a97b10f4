use std::collections::{BTreeMap, btree_map};

use super::Region;

/// What became of one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// All of it is new.
    Replaced,
    /// Items were added at its end; the first of them has this id.
    Appended {
        /// The id of the first item added.
        from: u64,
    },
}

/// The regions that changed since somebody last looked, each with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes(BTreeMap<Region, Change>);

impl Changes {
    /// Notes a change, on top of what was noted before.
    pub fn note(&mut self, region: Region, change: Change) {
        self.0.entry(region).and_modify(|noted| *noted = noted.and(change)).or_insert(change);
    }

    /// Notes every change of `later`, on top of what was noted before.
    pub fn merge(&mut self, later: Self) {
        for (region, change) in later {
            self.note(region, change);
        }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
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
