use std::{marker::PhantomData, sync::Arc};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::input::{Input, InputError};
use crate::{
    error::{RunError, RunResult},
    operation::{NewOperation, OperationId, Owner, Storable, UserId},
    progress::{Progress, Report, RetryContext, Run, RunContext},
    store::Transaction,
};

/// An operation whose type is forgotten.
///
/// What implements it is compiled for every operation of an application, in the application: it
/// is spelled out where a combinator would be one more function for each of them.
pub(super) trait Erased: Send + Sync {
    /// Reads an input, and gives the operation of `owner` that it makes.
    fn read(&self, input: Input<'_>, owner: Owner) -> Result<NewOperation, InputError>;

    /// Runs an operation whose row holds `input`, and gives its output as JSON.
    fn run(
        &self,
        input: Value,
        report: Arc<Report>,
        context: Arc<RunContext>,
    ) -> BoxFuture<'static, RunResult<Value>>;

    /// Tells an operation whose row holds `input` that a user retries it.
    fn on_retry<'a>(
        &self,
        input: Value,
        transaction: &'a Transaction,
        id: OperationId,
        owner: UserId,
    ) -> BoxFuture<'a, RunResult<()>>;
}

/// An operation of type `Op`, with the state that its runs get.
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

    fn run(
        &self,
        input: Value,
        report: Arc<Report>,
        context: Arc<RunContext>,
    ) -> BoxFuture<'static, RunResult<Value>> {
        let progress = Progress::new(report, context, self.state.clone());
        Box::pin(async move {
            match stored(input) {
                Ok(operation) => output(Op::run(&operation, progress).await),
                Err(error) => Err(error),
            }
        })
    }

    fn on_retry<'a>(
        &self,
        input: Value,
        transaction: &'a Transaction,
        id: OperationId,
        owner: UserId,
    ) -> BoxFuture<'a, RunResult<()>> {
        let retry = RetryContext::new(transaction, self.state.clone(), id, owner);
        Box::pin(async move {
            match Op::deserialize(Input::Json(input)) {
                Ok(operation) => operation.on_retry(retry).await,
                Err(error) => Err(type_mismatch(error)),
            }
        })
    }
}

/// The operation whose row holds `input`.
pub(crate) fn stored<Op: Storable>(input: Value) -> RunResult<Op> {
    match Op::deserialize(Input::Json(input)) {
        Ok(operation) => Ok(operation),
        Err(error) => Err(type_mismatch(error)),
    }
}

/// A stored input of another shape, which no other attempt makes fit.
fn type_mismatch(error: InputError) -> RunError {
    RunError::from(TypeMismatch { what: "the stored input", error }).without_next_attempt()
}

fn output<T: Serialize>(result: RunResult<T>) -> RunResult<Value> {
    output_json(&result?)
}

/// An output as the row keeps it.
pub(crate) fn output_json<T: Serialize>(output: &T) -> RunResult<Value> {
    let json = output.serialize(serde_json::value::Serializer);
    json.map_err(|error| RunError::from(TypeMismatch { what: "the output", error }))
}

#[derive(Debug, thiserror::Error)]
#[error("{what} does not fit its type")]
struct TypeMismatch<E> {
    what: &'static str,
    #[source]
    error: E,
}
