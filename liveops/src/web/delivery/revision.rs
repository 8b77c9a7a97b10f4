//! The revision of a list, which is the event ID in the event stream of the list.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// A counter of the changes of a list.
///
/// Its text is different for every state of the list, so a client that reconnects with the text learns if it
/// missed a change.
#[derive(Debug)]
pub(in crate::web) struct ListRevision {
    count_id: u64,
    changes: AtomicU64,
}

impl ListRevision {
    /// Creates a counter at 0, with a random ID.
    pub(in crate::web) fn begin() -> Self {
        // Without randomness, counters from before and after a process restart may be equal. A client then
        // misses changes until the next one.
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
    fn each_counter_and_each_change_has_its_own_text() {
        let (one, two) = (ListRevision::begin(), ListRevision::begin());
        assert_ne!(one.to_string(), two.to_string());
        let before = one.to_string();
        assert_eq!(before, one.to_string());
        one.advance();
        assert_ne!(before, one.to_string());
    }
}
