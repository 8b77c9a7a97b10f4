use futures_util::future::BoxFuture;

use super::LiveOps;
use crate::{
    channel::ListChange,
    operation::{NewOperation, OperationId, UserId},
    progress::Run,
    store::{Enqueued, StoreError},
};

/// Why an operation was not enqueued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnqueueError {
    /// The operation's type is not registered, so nobody could run it.
    #[error("`{op_type}` is not registered: add `.register::<…>()` to the builder")]
    NotRegistered {
        /// The op type.
        op_type: String,
    },
    /// The operation does not serialize to JSON.
    #[error("the operation does not serialize")]
    Serialize(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

// What takes an operation is not an `async fn`: its future would name the type, and the compiler
// would repeat for the future and for the `.await` whatever the type lacks.
impl LiveOps {
    /// Enqueues an operation for `owner` and gives its id. When this returns it will run, whatever
    /// happens to this process.
    ///
    /// Where one of the owner's counts as the same and has not ended, as `#[liveop(unique = …)]`
    /// says, that one's id is given and nothing is enqueued;
    /// [`enqueue_new`](Self::enqueue_new) tells the two apart.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
    pub fn enqueue<Op: Run>(
        &self,
        operation: Op,
        owner: impl Into<UserId>,
    ) -> BoxFuture<'_, Result<OperationId, EnqueueError>> {
        let new = NewOperation::new(&operation, owner).map_err(EnqueueError::from);
        Box::pin(async { Ok(self.enqueue_new(new?).await?.operation_id()) })
    }

    /// Enqueues an operation with more said about it than whose it is, unless one that counts as
    /// the same has not ended.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]; then nothing was enqueued.
    pub async fn enqueue_new(&self, new: NewOperation) -> Result<Enqueued, EnqueueError> {
        if self.engine().registry.find(new.op_type).is_none() {
            return Err(EnqueueError::NotRegistered { op_type: new.op_type.to_owned() });
        }
        let enqueued = self.store().insert(self.store().db(), new).await?;
        if let Enqueued::New(row) = &enqueued {
            self.engine().announce(&row.owner_id(), ListChange::Rows).await;
            self.start(row.operation_id()).await;
        }
        Ok(enqueued)
    }
}
