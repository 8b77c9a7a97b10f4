//! The end of an operation, with typed input and output.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    error::RunResult,
    operation::{OperationId, OperationKind, OperationState, UserId},
    progress::Run,
    runner::erased::{StoredInput, output_of, stored},
    store::OutboxEntry,
};

/// The outcome of an operation that has ended, with an output of type `T`.
///
/// [`LiveOps::wait_for`](crate::LiveOps::wait_for) has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationOutcome<T> {
    /// The operation finished with this output.
    Finished(T),
    /// The operation failed. The message is for its owner; the details for staff are in
    /// [`Model::traceback`](crate::store::Model::traceback).
    Failed(String),
    /// A user cancelled the operation.
    Cancelled,
}

impl<T> OperationOutcome<T> {
    /// Returns the output of a finished operation; `None` for a failed or cancelled one.
    pub fn output(self) -> Option<T> {
        match self {
            Self::Finished(output) => Some(output),
            Self::Failed(_) | Self::Cancelled => None,
        }
    }

    /// Returns the state of an operation with this outcome.
    pub fn state(&self) -> OperationState {
        match self {
            Self::Finished(_) => OperationState::FinishedOk,
            Self::Failed(_) => OperationState::FinishedError,
            Self::Cancelled => OperationState::Cancelled,
        }
    }
}

impl<T: DeserializeOwned> OperationOutcome<T> {
    /// Reads the outcome from the columns of an end. Returns `None` if `state` is not an end.
    ///
    /// # Errors
    ///
    /// Returns an error if the output does not deserialize as `T`.
    pub(super) fn read(
        state: OperationState,
        result: Option<&Value>,
        error: Option<&str>,
    ) -> Option<RunResult<Self>> {
        match state {
            OperationState::NotStarted | OperationState::Started => None,
            OperationState::Cancelled => Some(Ok(Self::Cancelled)),
            OperationState::FinishedError => {
                Some(Ok(Self::Failed(error.unwrap_or_default().to_owned())))
            }
            OperationState::FinishedOk => {
                let output = output_of(result.unwrap_or(&Value::Null));
                Some(output.map(Self::Finished))
            }
        }
    }
}

/// The end of an operation, as a hook of [`Builder::on_end`](crate::runner::Builder::on_end) receives it. The method
/// has an example.
#[non_exhaustive]
pub struct Ended<Op: Run> {
    /// The ID of the operation.
    pub id: OperationId,
    /// The owner of the operation.
    pub owner: UserId,
    /// The operation itself: its input.
    pub input: Op,
    /// The outcome.
    pub outcome: OperationOutcome<Op::Output>,
    /// The start time of the last attempt; `None` for an operation that was cancelled while it waited.
    pub started_on: Option<DateTime<Utc>>,
    /// The end time.
    pub finished_on: DateTime<Utc>,
    /// The key of this end, of at most 60 characters. Every call for this end has the same key, and no other end has
    /// it: an operation that is retried ends again with another key.
    pub key: String,
}

impl<Op: Run> Ended<Op> {
    /// Returns the state of the operation at its end.
    pub fn state(&self) -> OperationState {
        self.outcome.state()
    }

    /// Reads the end from an entry of the outbox.
    ///
    /// # Errors
    ///
    /// Returns an error if the input or the output do not fit the type, also if the input has a version that this process
    /// cannot read. Another process may read it.
    pub(super) fn read(entry: OutboxEntry) -> RunResult<Self> {
        let key = entry.key();
        let version = u32::try_from(entry.payload_version).unwrap_or(0);
        if OperationKind::of::<Op>().versions.awaited_for(version).is_some() {
            return Err("this version of the application cannot read the input".into());
        }
        let input = StoredInput { version, json: entry.input };
        let error = entry.error_message.as_deref();
        let outcome = OperationOutcome::read(entry.state.parse()?, entry.result.as_ref(), error);
        Ok(Self {
            id: entry.operation.into(),
            owner: entry.owner.as_str().into(),
            input: stored(input)?,
            outcome: outcome.ok_or("the outbox has an operation that has not ended")??,
            started_on: entry.started_on,
            finished_on: entry.finished_on,
            key,
        })
    }
}

impl<Op: Run> fmt::Debug for Ended<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The input and the output need not implement `Debug`.
        f.debug_struct("Ended")
            .field("op_type", &Op::OP_TYPE)
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("state", &self.state())
            .field("finished_on", &self.finished_on)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
