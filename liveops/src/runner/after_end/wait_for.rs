//! The wait for the end of an operation, in any process.

use tokio::time;

use super::OperationOutcome;
use crate::{
    channel::{Delivery, Frame, Payload, Signal, Subscription},
    error::RunError,
    operation::{ChannelName, OperationId},
    progress::Run,
    runner::LiveOps,
    store::StoreError,
};

/// An error from [`LiveOps::wait_for`], which has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// No operation has this ID: it never existed, or was pruned.
    #[error("there is no operation {id}: it was not enqueued, or was pruned")]
    Unknown {
        /// The ID.
        id: OperationId,
    },
    /// The operation is of another type.
    #[error("operation {id} is a `{found}`, and not a `{expected}`")]
    OtherType {
        /// The ID.
        id: OperationId,
        /// The op type of the caller.
        expected: &'static str,
        /// The op type of the operation.
        found: String,
    },
    /// The output does not deserialize as the output of the type; a process of another version may have written it.
    #[error("operation {id} finished with an output that does not fit its type: {error}")]
    Output {
        /// The ID.
        id: OperationId,
        /// The error of the conversion.
        error: RunError,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LiveOps {
    /// Waits until an operation has ended, and returns its outcome. The operation may run in any process.
    ///
    /// The outcome is that of the row. The channel layer notifies the wait of the end; without a notification, the
    /// method reads the row at every [`Config::poll_interval`](crate::Config::poll_interval). An operation that is
    /// retried later has ended nevertheless. The outcome of an operation that hands over to another one is its own:
    /// wait for [`Model::chained_to`](crate::store::Model::chained_to) as well.
    ///
    /// There is no time limit. Use [`tokio::time::timeout`] for one, in a request for example.
    ///
    /// ```
    /// # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, store};
    /// # use serde::{Deserialize, Serialize};
    /// use liveops::runner::OperationOutcome;
    ///
    /// # #[derive(LiveOperation, Serialize, Deserialize)]
    /// # struct Import {
    /// #     file: String,
    /// # }
    /// # impl Run for Import {
    /// #     type Output = usize;
    /// #     async fn run(&self, _: Progress<Self>) -> RunResult<usize> {
    /// #         Ok(3)
    /// #     }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).register::<Import>().build()?;
    /// # liveops.migrate().await?;
    /// let id = liveops.enqueue(Import { file: "scores.csv".into() }, "ann").await?;
    /// match liveops.wait_for::<Import>(id).await? {
    ///     OperationOutcome::Finished(rows) => assert_eq!(rows, 3),
    ///     OperationOutcome::Failed(message) => panic!("failed: {message}"),
    ///     OperationOutcome::Cancelled => panic!("cancelled"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns a [`WaitError`] if there is no such operation, or it is of another type, at the beginning or later
    /// during the wait; and if the database fails.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the method changes nothing. A later call returns the same outcome.
    pub async fn wait_for<Op: Run>(
        &self,
        id: OperationId,
    ) -> Result<OperationOutcome<Op::Output>, WaitError> {
        // Before the first query, so that a later end is not missed.
        let mut subscription = self.subscribe_to(id).await;
        let poll_interval = self.engine().config.poll_interval;
        loop {
            if let Some(outcome) = self.outcome::<Op>(id).await? {
                return Ok(outcome);
            }
            // A timeout means that nothing has notified the wait.
            let _ = time::timeout(poll_interval, may_have_ended(&mut subscription)).await;
        }
    }

    /// Returns `None` without a connection to the channel layer.
    async fn subscribe_to(&self, id: OperationId) -> Option<Subscription> {
        let subscribed = self.channel_layer().subscribe(&ChannelName::operation(id)).await;
        let log = |error| {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(%id, error, "could not subscribe to the end of an operation; polling");
        };
        subscribed.map_err(log).ok()
    }

    /// Returns `None` for an operation that has not ended.
    async fn outcome<Op: Run>(
        &self,
        id: OperationId,
    ) -> Result<Option<OperationOutcome<Op::Output>>, WaitError> {
        let unknown = WaitError::Unknown { id };
        let Some(row) = self.store().find_small(id).await? else { return Err(unknown) };
        if row.op_type != Op::OP_TYPE {
            return Err(WaitError::OtherType { id, expected: Op::OP_TYPE, found: row.op_type });
        }
        if !row.state().is_terminal() {
            return Ok(None);
        }
        let Some(row) = self.find(id).await? else { return Err(unknown) };
        let (result, error) = (row.result_context.as_ref(), row.error_message.as_deref());
        let outcome = OperationOutcome::read(row.state(), result, error).transpose();
        outcome.map_err(|error| WaitError::Output { id, error })
    }
}

/// Waits until the channel of an operation shows its end, or may have lost it.
async fn may_have_ended(subscription: &mut Option<Subscription>) {
    let Some(open) = subscription else { return std::future::pending().await };
    loop {
        match open.next().await {
            Some(Ok(Delivery::Frame(frame))) if !is_end(&frame) => {}
            Some(Ok(Delivery::Notice(_))) => {}
            Some(Ok(Delivery::Frame(_)) | Err(_)) => return,
            None => {
                // The layer was shut down.
                *subscription = None;
                return;
            }
        }
    }
}

fn is_end(frame: &Frame) -> bool {
    matches!(frame.payload, Payload::Signal(Signal::Finished(_)))
}
