//! Type erasure: operations of every type behind one trait.

use std::{marker::PhantomData, sync::Arc};

use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::input::{Input, InputError};
use crate::{
    error::{RunError, RunResult},
    operation::{FieldOrder, LiveOperation, NewOperation, OperationId, Owner, UserId},
    progress::{Progress, Report, RetryContext, Run, RunContext},
    store::{Model, Transaction},
};

/// An operation type behind a trait object.
///
/// The implementation is compiled in the application for every operation type. It avoids combinators
/// because each one would be another function per type.
pub(super) trait Erased: Send + Sync {
    /// Reads an input and returns the new operation of `owner`.
    fn read(&self, input: Input<'_>, owner: Owner) -> Result<NewOperation, InputError>;

    /// Returns a stored input in the current version of the type.
    fn converted(&self, input: StoredInput) -> RunResult<Value>;

    /// Runs the operation whose row holds `input`, and returns its output as JSON.
    fn run(
        &self,
        input: StoredInput,
        report: Arc<Report>,
        context: Arc<RunContext>,
    ) -> BoxFuture<'static, RunResult<Output>>;

    /// Calls [`Run::on_retry`] of the operation whose row holds `input`.
    fn on_retry<'a>(
        &self,
        input: StoredInput,
        transaction: &'a Transaction,
        id: OperationId,
        owner: UserId,
    ) -> BoxFuture<'a, RunResult<()>>;
}

/// The operation type `Op`, with the state of its runs.
pub(super) struct Typed<Op: Run> {
    state: Arc<Op::State>,
    operation: PhantomData<fn() -> Op>,
}

impl<Op: Run> Typed<Op> {
    pub(super) fn new(state: Op::State) -> Self {
        Self { state: Arc::new(state), operation: PhantomData }
    }
}

impl<Op: Run> Erased for Typed<Op> {
    fn read(&self, input: Input<'_>, owner: Owner) -> Result<NewOperation, InputError> {
        match Op::deserialize(input) {
            Ok(operation) => {
                if let Some(validate) = Op::VALIDATE {
                    validate(&operation)?;
                }
                NewOperation::new(&operation, owner).map_err(InputError::unlocated)
            }
            Err(error) => Err(error),
        }
    }

    fn converted(&self, input: StoredInput) -> RunResult<Value> {
        match stored::<Op>(input) {
            Ok(operation) => serde_json::to_value(operation).map_err(RunError::from),
            Err(error) => Err(error),
        }
    }

    fn run(
        &self,
        input: StoredInput,
        report: Arc<Report>,
        context: Arc<RunContext>,
    ) -> BoxFuture<'static, RunResult<Output>> {
        let progress = Progress::new(report, context, self.state.clone());
        Box::pin(async move {
            match stored::<Op>(input) {
                Ok(operation) => output(Op::run(&operation, progress).await),
                Err(error) => Err(error),
            }
        })
    }

    fn on_retry<'a>(
        &self,
        input: StoredInput,
        transaction: &'a Transaction,
        id: OperationId,
        owner: UserId,
    ) -> BoxFuture<'a, RunResult<()>> {
        let retry = RetryContext::new(transaction, self.state.clone(), id, owner);
        Box::pin(async move {
            match stored::<Op>(input) {
                Ok(operation) => operation.on_retry(retry).await,
                Err(error) => Err(error),
            }
        })
    }
}

/// An input as a row stores it.
#[derive(Debug, Clone)]
pub(crate) struct StoredInput {
    /// The version of its shape.
    pub(crate) version: u32,
    pub(crate) json: Value,
}

impl StoredInput {
    pub(crate) fn of(row: &Model) -> Self {
        let version = u32::try_from(row.payload_version).unwrap_or(0);
        Self { version, json: row.input.clone() }
    }
}

/// Deserializes the operation whose row holds `input`, and converts an input of an earlier version.
pub(crate) fn stored<Op: LiveOperation>(input: StoredInput) -> RunResult<Op> {
    match &Op::EARLIER {
        Some(earlier) if input.version != Op::POLICY.version => {
            let read = earlier.read(input.version, input.json);
            read.map_err(|error| type_mismatch(InputError::unlocated(error)))
        }
        _ => match Op::deserialize(Input::Json(input.json)) {
            Ok(operation) => Ok(operation),
            Err(error) => Err(type_mismatch(error)),
        },
    }
}

/// Deserializes the output that a row holds.
pub(super) fn output_of<T: DeserializeOwned>(output: &Value) -> RunResult<T> {
    match T::deserialize(output) {
        Ok(output) => Ok(output),
        Err(error) => Err(RunError::from(TypeMismatch { what: "the stored output", error })),
    }
}

/// Returns the error for a stored input that does not match its type. The error is final, because
/// another attempt would fail too.
fn type_mismatch(error: InputError) -> RunError {
    RunError::from(TypeMismatch { what: "the stored input", error }).without_next_attempt()
}

/// Returns `true` if a stored input did not match its type.
pub(super) fn is_type_mismatch(error: &RunError) -> bool {
    error.internal().is_some_and(|error| error.downcast_ref::<TypeMismatch<InputError>>().is_some())
}

/// An output as JSON.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// The JSON that the row stores.
    pub(crate) value: Value,
    /// The order of the fields.
    pub(crate) order: FieldOrder,
}

fn output<T: Serialize>(result: RunResult<T>) -> RunResult<Output> {
    output_json(&result?)
}

/// Serializes an output.
pub(crate) fn output_json<T: Serialize>(output: &T) -> RunResult<Output> {
    match FieldOrder::of(output) {
        Ok((value, order)) => Ok(Output { value, order }),
        Err(error) => Err(RunError::from(TypeMismatch { what: "the output", error })),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{what} does not fit its type")]
struct TypeMismatch<E> {
    what: &'static str,
    #[source]
    error: E,
}
