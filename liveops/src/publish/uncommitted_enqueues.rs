//! Operations enqueued over connections of the application, which may be uncommitted.
//!
//! liveops does not see the commit of an application's transaction. After a commit the application calls
//! [`LiveOps::commit`](crate::LiveOps::commit) or [`LiveOps::wake`](crate::LiveOps::wake), which query the
//! rows of these operations and announce those that exist. Rows of an open or rolled-back transaction do not
//! exist yet.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::operation::{OperationId, UserId};

/// Maximum age of an entry. The operations of a longer transaction appear in lists only when they
/// start.
const AGE_MAX: Duration = Duration::from_secs(60);

/// Maximum number of entries. The oldest entry is dropped first.
const COUNT_MAX: usize = 1_000;

/// Operations that were enqueued over connections of the application and are not announced to lists
/// yet. Their transaction may be uncommitted or rolled back.
#[derive(Debug, Default)]
pub(crate) struct UncommittedEnqueues {
    operations: Mutex<VecDeque<UncommittedEnqueue>>,
}

/// An operation whose transaction may be uncommitted.
#[derive(Debug)]
pub(crate) struct UncommittedEnqueue {
    pub(crate) id: OperationId,
    pub(crate) op_type: &'static str,
    pub(crate) owner: UserId,
    pub(crate) queue: String,
    since: Instant,
}

impl UncommittedEnqueues {
    pub(crate) fn add(&self, id: OperationId, op_type: &'static str, owner: UserId, queue: &str) {
        let mut operations = self.operations();
        let (queue, since) = (queue.to_owned(), Instant::now());
        operations.push_back(UncommittedEnqueue { id, op_type, owner, queue, since });
        if operations.len() > COUNT_MAX {
            operations.pop_front();
        }
    }

    /// Returns the operations of all entries younger than [`AGE_MAX`].
    pub(crate) fn ids(&self) -> Vec<OperationId> {
        let mut operations = self.operations();
        operations.retain(|operation| operation.since.elapsed() < AGE_MAX);
        operations.iter().map(|operation| operation.id).collect()
    }

    /// Removes these operations, and returns the entries removed.
    pub(crate) fn remove(&self, ids: &[OperationId]) -> Vec<UncommittedEnqueue> {
        let ids: HashSet<&OperationId> = ids.iter().collect();
        let mut operations = self.operations();
        let (known, left) = operations.drain(..).partition(|operation| ids.contains(&operation.id));
        *operations = left;
        Vec::from(known)
    }

    fn operations(&self) -> MutexGuard<'_, VecDeque<UncommittedEnqueue>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_enqueue_that_is_never_committed_is_dropped() {
        let uncommitted = UncommittedEnqueues::default();
        let (early, late) = (OperationId::new(), OperationId::new());
        uncommitted.add(early, "test.nothing", "ann".into(), "default");
        tokio::time::advance(AGE_MAX / 2).await;
        uncommitted.add(late, "test.nothing", "ann".into(), "default");
        assert_eq!(uncommitted.ids(), [early, late]);
        tokio::time::advance(AGE_MAX / 2).await;
        assert_eq!(uncommitted.ids(), [late]);
    }

    #[test]
    fn only_the_newest_entries_are_kept() {
        let uncommitted = UncommittedEnqueues::default();
        let ids: Vec<_> = (0..COUNT_MAX + 3).map(|_| OperationId::new()).collect();
        for id in &ids {
            uncommitted.add(*id, "test.nothing", "ann".into(), "default");
        }
        assert_eq!(uncommitted.ids(), ids[3..]);
    }

    #[test]
    fn an_entry_is_removed_once() {
        let uncommitted = UncommittedEnqueues::default();
        let ids: Vec<_> = (0..4).map(|_| OperationId::new()).collect();
        for (id, owner) in ids.iter().zip(["ann", "ann", "bob", "cleo"]) {
            uncommitted.add(*id, "test.nothing", owner.into(), "default");
        }
        let removed = uncommitted.remove(&ids[..3]);
        let owners: Vec<_> = removed.iter().map(|operation| operation.owner.as_str()).collect();
        assert_eq!(owners, ["ann", "ann", "bob"]);
        assert_eq!(uncommitted.ids(), ids[3..]);
        assert!(uncommitted.remove(&ids[..3]).is_empty());
    }
}
