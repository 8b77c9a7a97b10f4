//! The retry of an operation by a user.

use super::{LiveOps, erased::is_type_mismatch};
use crate::{
    error::RunError,
    metrics::operation_retried,
    operation::{Action, ActionKind, OperationId, OperationState},
    span,
    store::{Model, Repetitions, RetryTransition, StoreError, Transaction},
};

/// The result of a retry request. [`LiveOps::retry`] has an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    /// The operation waits for its next run.
    Retried,
    /// This operation is an unfinished duplicate, so the requested operation was not changed.
    Duplicate(OperationId),
    /// The operation has not ended and was not changed.
    Unfinished,
    /// No operation has this ID.
    Unknown,
}

/// An error from retrying an operation. [`LiveOps::retry`] has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetryError {
    /// [`Run::on_retry`](crate::Run::on_retry) refused the retry.
    #[error("the operation refused the retry: {0}")]
    Refused(RunError),
    /// The operation's type is not registered, so its `on_retry` cannot be called.
    #[error("`{op_type}` is not registered: add `.register::<…>()` to the builder")]
    NotRegistered {
        /// The op type.
        op_type: String,
    },
    /// This process cannot read the version of the input, so `on_retry` cannot be called. A process with a version of
    /// the application that can read the input retries the operation.
    #[error(
        "version {version} of the input of `{op_type}` is not readable in this version of the application"
    )]
    OtherVersion {
        /// The op type.
        op_type: String,
        /// The version of the input.
        version: i32,
    },
    /// The stored input no longer fits the type of the operation, so a run could not read the input.
    #[error("the stored input no longer fits the type of the operation: {0}")]
    Outdated(RunError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LiveOps {
    /// Retries an operation that has ended: runs it again from the beginning, unless the owner has an
    /// unfinished duplicate of it. Calls [`on_retry`](crate::Run::on_retry) first.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, store};
    /// use liveops::runner::RetryOutcome;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = ();
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
    /// #         Ok(())
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let builder = LiveOps::builder(db).register::<Import>().runner(RunnerKind::Worker);
    /// # let liveops = builder.build()?;
    /// # liveops.migrate().await?;
    ///
    /// let id = liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
    /// assert_eq!(liveops.retry(id).await?, RetryOutcome::Unfinished);
    /// liveops.cancel(id).await?;
    /// assert_eq!(liveops.retry(id).await?, RetryOutcome::Retried);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns a [`RetryError`]; then the operation was not changed.
    pub async fn retry(&self, id: OperationId) -> Result<RetryOutcome, RetryError> {
        self.retry_by(id, Action::of_application(ActionKind::Retry)).await
    }

    /// Retries an operation as [`retry`](Self::retry) does, and records this action.
    pub(crate) async fn retry_by(
        &self,
        id: OperationId,
        action: Action,
    ) -> Result<RetryOutcome, RetryError> {
        let mut repetitions = Repetitions::default();
        loop {
            let transaction = self.store().begin().await?;
            let error = match self.retry_in(&transaction, id, &action).await {
                Ok(RetryTransition::Retried(row)) => {
                    match self.store().commit_for_request(transaction).await {
                        Ok(()) => {
                            self.start_retried(*row).await;
                            return Ok(RetryOutcome::Retried);
                        }
                        Err(error) => match self.retried(&row).await {
                            Some(row) => {
                                self.start_retried(row).await;
                                return Ok(RetryOutcome::Retried);
                            }
                            None => RetryError::from(error),
                        },
                    }
                }
                Ok(RetryTransition::Duplicate) => {
                    self.store().roll_back(transaction).await?;
                    if let Some(duplicate) = self.store().find_duplicate(id).await? {
                        return Ok(RetryOutcome::Duplicate(duplicate.operation_id()));
                    }
                    // The duplicate has ended in the meantime, so the next iteration can succeed.
                    continue;
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
                    error
                }
            };
            match &error {
                RetryError::Store(conflict) if repetitions.wait_after(conflict).await => {}
                _ => return Err(error),
            }
        }
    }

    /// Returns the row if the database has committed the retry that made `row`, although it did not answer.
    async fn retried(&self, row: &Model) -> Option<Model> {
        let found = self.find(row.operation_id()).await.ok()??;
        // An operation that has ended gets another attempt by a retry only.
        (found.attempt >= row.attempt).then_some(found)
    }

    /// Shows the operation as waiting, and starts it.
    async fn start_retried(&self, row: Model) {
        let op_type = self.engine().presenter.metric_op_type(&row);
        operation_retried(op_type);
        let attempt = row.attempt_number();
        span::enqueue(op_type, row.operation_id())
            .in_scope(|| tracing::debug!(%attempt, "retried the operation"));
        if row.state() == OperationState::NotStarted {
            self.engine().publisher.publish_row(&row).await;
            self.start(&row).await;
        }
        // Starts operations that `on_retry` may have enqueued.
        self.wake().await;
    }

    async fn retry_in(
        &self,
        transaction: &Transaction,
        id: OperationId,
        action: &Action,
    ) -> Result<RetryTransition, RetryError> {
        let transition = self.store().retry(transaction, id, action).await?;
        let RetryTransition::Retried(row) = &transition else { return Ok(transition) };
        let Some(operation) = self.engine().registry.find(&row.op_type) else {
            return Err(RetryError::NotRegistered { op_type: row.op_type.clone() });
        };
        if row.awaits(&operation.kind).is_some() {
            let (op_type, version) = (row.op_type.clone(), row.payload_version);
            return Err(RetryError::OtherVersion { op_type, version });
        }
        operation.on_retry(row, transaction).await.map_err(|error| {
            if is_type_mismatch(&error) {
                RetryError::Outdated(error)
            } else {
                RetryError::Refused(error)
            }
        })?;
        Ok(transition)
    }
}
