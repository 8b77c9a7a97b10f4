use super::LiveOps;
use crate::{
    error::RunError,
    operation::OperationId,
    store::{Model, StoreError, Transaction},
};

/// What became of a request to start over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartOutcome {
    /// It waits for its next run.
    Restarted,
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
    /// [`on_restart`](crate::Run::on_restart).
    ///
    /// # Errors
    ///
    /// [`RestartError`]; then the operation is as it was.
    pub async fn restart(&self, id: OperationId) -> Result<RestartOutcome, RestartError> {
        let transaction = self.store().begin().await?;
        match self.restart_in(&transaction, id).await {
            Ok(Some(row)) => {
                self.store().commit(transaction).await?;
                self.show(&row).await;
                self.start(id).await;
                Ok(RestartOutcome::Restarted)
            }
            Ok(None) => {
                self.store().roll_back(transaction).await?;
                Ok(match self.find(id).await? {
                    Some(_) => RestartOutcome::Unfinished,
                    None => RestartOutcome::Unknown,
                })
            }
            Err(error) => {
                self.store().roll_back(transaction).await?;
                Err(error)
            }
        }
    }

    async fn restart_in(
        &self,
        transaction: &Transaction,
        id: OperationId,
    ) -> Result<Option<Model>, RestartError> {
        let Some(row) = self.store().restart(transaction, id).await? else { return Ok(None) };
        let Some(operation) = self.engine().registry.find(&row.op_type) else {
            return Err(RestartError::NotRegistered { op_type: row.op_type });
        };
        operation.on_restart(&row, transaction).await.map_err(RestartError::Refused)?;
        Ok(Some(row))
    }
}
