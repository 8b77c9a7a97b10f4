use super::LiveOps;
use crate::{
    error::RunError,
    metrics::operation_retried,
    operation::OperationId,
    span,
    store::{RetryTransition, StoreError, Transaction},
};

/// What became of a request to start over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It waits for its next run.
    Retried,
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
pub enum RetryError {
    /// [`Run::on_retry`](crate::Run::on_retry) does not let it be.
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
    /// [`on_retry`](crate::Run::on_retry), unless one that counts as the same has not ended.
    ///
    /// # Errors
    ///
    /// [`RetryError`]; then the operation is as it was.
    pub async fn retry(&self, id: OperationId) -> Result<RetryOutcome, RetryError> {
        loop {
            let transaction = self.store().begin().await?;
            match self.retry_in(&transaction, id).await {
                Ok(RetryTransition::Retried(row)) => {
                    self.store().commit(transaction).await?;
                    let op_type = self.engine().presenter.metric_op_type(&row);
                    operation_retried(op_type);
                    let attempt = row.attempt_number();
                    span::enqueue(op_type, id).in_scope(|| tracing::debug!(%attempt, "retried"));
                    self.engine().publisher.publish_row(&row).await;
                    self.start(&row).await;
                    // For what `on_retry` may have enqueued.
                    self.wake().await;
                    return Ok(RetryOutcome::Retried);
                }
                Ok(RetryTransition::Duplicate) => {
                    self.store().roll_back(transaction).await?;
                    if let Some(same) = self.store().find_duplicate(id).await? {
                        return Ok(RetryOutcome::Duplicate(same.operation_id()));
                    }
                    // It has ended since: nothing is in the way any more.
                }
                Ok(RetryTransition::Unfinished) => {
                    self.store().roll_back(transaction).await?;
                    return Ok(match self.find(id).await? {
                        Some(_) => RetryOutcome::Unfinished,
                        None => RetryOutcome::Unknown,
                    });
                }
                Err(error) => {
                    self.store().roll_back(transaction).await?;
                    return Err(error);
                }
            }
        }
    }

    async fn retry_in(
        &self,
        transaction: &Transaction,
        id: OperationId,
    ) -> Result<RetryTransition, RetryError> {
        let transition = self.store().retry(transaction, id).await?;
        let RetryTransition::Retried(row) = &transition else { return Ok(transition) };
        let Some(operation) = self.engine().registry.find(&row.op_type) else {
            return Err(RetryError::NotRegistered { op_type: row.op_type.clone() });
        };
        operation.on_retry(row, transaction).await.map_err(RetryError::Refused)?;
        Ok(transition)
    }
}
