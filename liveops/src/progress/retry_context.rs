use std::{fmt, sync::Arc};

use crate::{
    operation::{LiveOperation, OperationId, UserId},
    store::Transaction,
};

/// What [`Run::on_retry`](super::Run::on_retry) may know and do.
pub struct RetryContext<'a, Op: LiveOperation> {
    transaction: &'a Transaction,
    state: Arc<Op::State>,
    id: OperationId,
    owner: UserId,
}

impl<'a, Op: LiveOperation> RetryContext<'a, Op> {
    pub(crate) fn new(
        transaction: &'a Transaction,
        state: Arc<Op::State>,
        id: OperationId,
        owner: UserId,
    ) -> Self {
        Self { transaction, state, id, owner }
    }

    /// The transaction in which the operation goes back into the queue: what is done over it happens
    /// together with that, or not at all.
    pub fn transaction(&self) -> &'a Transaction {
        self.transaction
    }

    /// The application's state, of the type that `#[liveop(state = …)]` names.
    pub fn state(&self) -> &Op::State {
        &self.state
    }

    /// The id of the operation.
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// Whose operation it is.
    pub fn owner(&self) -> &UserId {
        &self.owner
    }
}

impl<Op: LiveOperation> fmt::Debug for RetryContext<'_, Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restart").field("op_type", &Op::OP_TYPE).field("id", &self.id).finish()
    }
}
