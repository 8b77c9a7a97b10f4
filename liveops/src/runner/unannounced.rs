use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::operation::{OperationId, UserId};

/// How long a transaction may take before lists hear of its operations only when they start.
const AGE_MAX: Duration = Duration::from_secs(60);

/// How many operations are remembered, the newest of them.
const COUNT_MAX: usize = 1_000;

/// The operations that were enqueued over connections of the application's, and that no list has
/// heard of: they may not be committed yet, and those that are rolled back never will be.
#[derive(Debug, Default)]
pub(crate) struct Unannounced {
    operations: Mutex<VecDeque<Remembered>>,
}

/// An operation that was enqueued so.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) id: OperationId,
    pub(super) op_type: &'static str,
    pub(super) owner: UserId,
    pub(super) queue: String,
    since: Instant,
}

impl Unannounced {
    pub(super) fn remember(
        &self,
        id: OperationId,
        op_type: &'static str,
        owner: UserId,
        queue: &str,
    ) {
        let mut operations = self.operations();
        let (queue, since) = (queue.to_owned(), Instant::now());
        operations.push_back(Remembered { id, op_type, owner, queue, since });
        if operations.len() > COUNT_MAX {
            operations.pop_front();
        }
    }

    /// Those that are not too old.
    pub(super) fn ids(&self) -> Vec<OperationId> {
        let mut operations = self.operations();
        operations.retain(|operation| operation.since.elapsed() < AGE_MAX);
        operations.iter().map(|operation| operation.id).collect()
    }

    /// Forgets these operations, and gives those of them that were remembered.
    pub(super) fn forget(&self, ids: &[OperationId]) -> Vec<Remembered> {
        let ids: HashSet<&OperationId> = ids.iter().collect();
        let mut operations = self.operations();
        let (known, left) = operations.drain(..).partition(|operation| ids.contains(&operation.id));
        *operations = left;
        Vec::from(known)
    }

    fn operations(&self) -> MutexGuard<'_, VecDeque<Remembered>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_never_committed_is_forgotten() {
        let unannounced = Unannounced::default();
        let (early, late) = (OperationId::new(), OperationId::new());
        unannounced.remember(early, "test.nothing", "ann".into(), "default");
        tokio::time::advance(AGE_MAX / 2).await;
        unannounced.remember(late, "test.nothing", "ann".into(), "default");
        assert_eq!(unannounced.ids(), [early, late]);
        tokio::time::advance(AGE_MAX / 2).await;
        assert_eq!(unannounced.ids(), [late]);
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let unannounced = Unannounced::default();
        let ids: Vec<_> = (0..COUNT_MAX + 3).map(|_| OperationId::new()).collect();
        for id in &ids {
            unannounced.remember(*id, "test.nothing", "ann".into(), "default");
        }
        assert_eq!(unannounced.ids(), ids[3..]);
    }

    #[test]
    fn those_that_are_there_are_forgotten_once() {
        let unannounced = Unannounced::default();
        let ids: Vec<_> = (0..4).map(|_| OperationId::new()).collect();
        for (id, owner) in ids.iter().zip(["ann", "ann", "bob", "cleo"]) {
            unannounced.remember(*id, "test.nothing", owner.into(), "default");
        }
        let forgotten = unannounced.forget(&ids[..3]);
        let owners: Vec<_> = forgotten.iter().map(|operation| operation.owner.as_str()).collect();
        assert_eq!(owners, ["ann", "ann", "bob"]);
        assert_eq!(unannounced.ids(), ids[3..]);
        assert!(unannounced.forget(&ids[..3]).is_empty());
    }
}
