use super::LiveOps;
use crate::{
    error::RunError,
    metrics::operation_restarted,
    operation::OperationId,
    span,
    store::{Restarting, StoreError, Transaction},
};

/// What became of a request to start over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartOutcome {
    /// It waits for its next run.
    Restarted,
    /// This operation counts as the same and has not ended, so it was left alone.
    Duplicate(OperationId),
    /// It has not ended, and was left alone.
    Unfinished,
    /// There is no such operation.
    Unknown,
}

/// Why an operation was not started over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestartError {
    /// [`Run::on_restart`](crate::Run::on_restart) does not let it be.
    #[error("the operation refuses to be run once more: {0}")]
    Refused(RunError),
    /// The operation's type is not registered, so nobody can ask it.
    #[error("`{op_type}` is not registered: add `.register::<…>()` to the builder")]
    NotRegistered {
        /// The op type.
        op_type: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LiveOps {
    /// Runs an operation that has ended once more, from the beginning, after asking its
    /// [`on_restart`](crate::Run::on_restart), unless one that counts as the same has not ended.
    ///
    /// # Errors
    ///
    /// [`RestartError`]; then the operation is as it was.
    pub async fn restart(&self, id: OperationId) -> Result<RestartOutcome, RestartError> {
        loop {
            let transaction = self.store().begin().await?;
            match self.restart_in(&transaction, id).await {
                Ok(Restarting::Restarted(row)) => {
                    self.store().commit(transaction).await?;
                    let op_type = self.engine().presenter.counted_type(&row);
                    operation_restarted(op_type);
                    let attempt = row.attempt_number();
                    span::enqueue(op_type, id).in_scope(|| tracing::debug!(%attempt, "restarted"));
                    self.engine().publisher.publish_row(&row).await;
                    self.start(&row).await;
                    // For what `on_restart` may have enqueued.
                    self.wake().await;
                    return Ok(RestartOutcome::Restarted);
                }
                Ok(Restarting::Duplicate) => {
                    self.store().roll_back(transaction).await?;
                    if let Some(same) = self.store().find_same(id).await? {
                        return Ok(RestartOutcome::Duplicate(same.operation_id()));
                    }
                    // It has ended since: nothing is in the way any more.
                }
                Ok(Restarting::Unfinished) => {
                    self.store().roll_back(transaction).await?;
                    return Ok(match self.find(id).await? {
                        Some(_) => RestartOutcome::Unfinished,
                        None => RestartOutcome::Unknown,
                    });
                }
                Err(error) => {
                    self.store().roll_back(transaction).await?;
                    return Err(error);
                }
            }
        }
    }

    async fn restart_in(
        &self,
        transaction: &Transaction,
        id: OperationId,
    ) -> Result<Restarting, RestartError> {
        let restarting = self.store().restart(transaction, id).await?;
        let Restarting::Restarted(row) = &restarting else { return Ok(restarting) };
        let Some(operation) = self.engine().registry.find(&row.op_type) else {
            return Err(RestartError::NotRegistered { op_type: row.op_type.clone() });
        };
        operation.on_restart(row, transaction).await.map_err(RestartError::Refused)?;
        Ok(restarting)
    }
}
