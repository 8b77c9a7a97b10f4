use std::{
    collections::{BTreeSet, HashSet, VecDeque},
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

#[derive(Debug)]
struct Remembered {
    id: OperationId,
    owner: UserId,
    since: Instant,
}

impl Unannounced {
    pub(super) fn remember(&self, id: OperationId, owner: UserId) {
        let mut operations = self.operations();
        operations.push_back(Remembered { id, owner, since: Instant::now() });
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

    /// Forgets these operations, and gives their owners, each once.
    pub(super) fn forget(&self, ids: &[OperationId]) -> BTreeSet<UserId> {
        let ids: HashSet<&OperationId> = ids.iter().collect();
        let mut owners = BTreeSet::new();
        self.operations().retain(|operation| {
            let is_known = ids.contains(&operation.id);
            if is_known {
                owners.insert(operation.owner.clone());
            }
            !is_known
        });
        owners
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
        unannounced.remember(early, "ann".into());
        tokio::time::advance(AGE_MAX / 2).await;
        unannounced.remember(late, "ann".into());
        assert_eq!(unannounced.ids(), [early, late]);
        tokio::time::advance(AGE_MAX / 2).await;
        assert_eq!(unannounced.ids(), [late]);
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let unannounced = Unannounced::default();
        let ids: Vec<_> = (0..COUNT_MAX + 3).map(|_| OperationId::new()).collect();
        for id in &ids {
            unannounced.remember(*id, "ann".into());
        }
        assert_eq!(unannounced.ids(), ids[3..]);
    }

    #[test]
    fn an_owner_of_several_is_named_once_and_only_for_those_that_are_there() {
        let unannounced = Unannounced::default();
        let ids: Vec<_> = (0..4).map(|_| OperationId::new()).collect();
        for (id, owner) in ids.iter().zip(["ann", "ann", "bob", "cleo"]) {
            unannounced.remember(*id, owner.into());
        }
        let owners = unannounced.forget(&ids[..3]);
        assert_eq!(owners.into_iter().collect::<Vec<_>>(), ["ann".into(), "bob".into()]);
        assert_eq!(unannounced.ids(), ids[3..]);
    }
}
