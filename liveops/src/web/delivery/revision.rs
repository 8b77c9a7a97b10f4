use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// How often a list has changed since somebody began to count.
///
/// Written as a text that is never the same for two states of a list, so that whoever comes back
/// with it can be told whether anything happened meanwhile.
#[derive(Debug)]
pub(in crate::web) struct ListRevision {
    count_id: u64,
    changes: AtomicU64,
}

impl ListRevision {
    /// A count that begins now.
    pub(in crate::web) fn begin() -> Self {
        // Without randomness two counts may look alike after a restart: then a change is heard of
        // when the next one comes.
        Self { count_id: getrandom::u64().unwrap_or_default(), changes: AtomicU64::new(0) }
    }

    /// Counts a change.
    pub(in crate::web) fn advance(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for ListRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}:{}", self.count_id, self.changes.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_revisions_look_alike() {
        let (one, two) = (ListRevision::begin(), ListRevision::begin());
        assert_ne!(one.to_string(), two.to_string());
        let before = one.to_string();
        assert_eq!(before, one.to_string());
        one.advance();
        assert_ne!(before, one.to_string());
    }
}
