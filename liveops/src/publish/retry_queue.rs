//! The queue of failed publications, which are repeated later.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::operation::{OperationId, UserId};

/// Maximum number of operations in the queue. A full queue drops its oldest operation, whose pages are
/// corrected after their channel has been quiet for a while.
const COUNT_MAX: usize = 10_000;

/// The operations and lists that could not be published while the channel layer was unreachable.
///
/// Holds IDs instead of frames: a repeated publication shows the row in its current state.
#[derive(Debug, Default)]
pub(super) struct PublishRetryQueue {
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    operations: BTreeSet<OperationId>,
    /// Owners whose lists missed a change.
    owners: BTreeSet<UserId>,
    /// `true` while a task empties the queue.
    is_running: bool,
}

impl PublishRetryQueue {
    /// Adds an operation whose row is to be published.
    pub(super) fn push_operation(&self, id: OperationId) {
        let mut pending = self.pending();
        pending.operations.insert(id);
        if pending.operations.len() > COUNT_MAX {
            pending.operations.pop_first();
        }
    }

    /// Adds an owner whose lists are to be notified of a change.
    pub(super) fn push_owner(&self, owner: UserId) {
        self.pending().owners.insert(owner);
    }

    /// Returns `true` if no task empties the queue yet. The caller then starts one.
    pub(super) fn start(&self) -> bool {
        !mem::replace(&mut self.pending().is_running, true)
    }

    /// Takes everything out of the queue. Returns `None` if the queue is empty, which ends the task.
    pub(super) fn take(&self) -> Option<(BTreeSet<OperationId>, BTreeSet<UserId>)> {
        let mut pending = self.pending();
        let operations = mem::take(&mut pending.operations);
        let owners = mem::take(&mut pending.owners);
        pending.is_running = !operations.is_empty() || !owners.is_empty();
        pending.is_running.then_some((operations, owners))
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
