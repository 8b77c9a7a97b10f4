//! The context of a user's retry, passed to [`Run::on_retry`](super::Run::on_retry).

use std::{fmt, sync::Arc};

use crate::{
    operation::{LiveOperation, OperationId, UserId},
    store::Transaction,
};

/// The context of [`Run::on_retry`](super::Run::on_retry): the transaction, the application's state and facts
/// about the operation.
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

    /// The transaction that puts the operation back into the queue. Statements in this transaction are
    /// committed together with the retry, or not at all.
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

    /// The owner of the operation.
    pub fn owner(&self) -> &UserId {
        &self.owner
    }
}

impl<Op: LiveOperation> fmt::Debug for RetryContext<'_, Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryContext").field("op_type", &Op::OP_TYPE).field("id", &self.id).finish()
    }
}
