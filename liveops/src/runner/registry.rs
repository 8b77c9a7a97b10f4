use std::{collections::HashMap, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    error::{RunError, RunResult},
    operation::{FromState, LiveOperation, OperationKind},
    progress::{Facts, Progress, Report, Run},
};

/// The operations an application knows, by op type.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_op_type: HashMap<&'static str, RegisteredOperation>,
}

/// One type of operation, with the type erased: what is written here is compiled once for all of
/// them, so what is generic stays thin.
pub(crate) struct RegisteredOperation {
    pub(crate) kind: OperationKind,
    /// The Rust type, for messages.
    pub(crate) type_name: &'static str,
    run: RunErased,
    read: fn(RawInput<'_>) -> Result<Value, InputError>,
}

type RunErased =
    Box<dyn Fn(Value, Arc<Report>, Facts) -> BoxFuture<'static, RunResult<Value>> + Send + Sync>;

/// An operation as a request brings it.
#[derive(Debug, Clone, Copy)]
pub enum RawInput<'a> {
    /// JSON text.
    Json(&'a [u8]),
    /// A form, percent-encoded.
    Form(&'a [u8]),
}

/// An input that is not an operation of the type it was sent for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct InputError {
    /// The field that is wrong, where one is there; the message names one that is missing.
    pub field: Option<String>,
    /// What was expected and what was found.
    pub message: String,
}

impl Registry {
    pub(crate) fn find(&self, op_type: &str) -> Option<&RegisteredOperation> {
        self.by_op_type.get(op_type)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RegisteredOperation> {
        self.by_op_type.values()
    }

    /// Adds an operation, and gives the one that had its op type already.
    pub(crate) fn insert(&mut self, operation: RegisteredOperation) -> Option<RegisteredOperation> {
        self.by_op_type.insert(operation.kind.op_type, operation)
    }
}

impl RegisteredOperation {
    pub(crate) fn of<Op: Run, S>(state: &S) -> Self
    where
        Op::State: FromState<S>,
    {
        let state = Arc::new(Op::State::from_state(state));
        let run = move |input: Value, report: Arc<Report>, facts: Facts| {
            let progress = Progress::new(report, facts, state.clone());
            Box::pin(run_typed::<Op>(input, progress)) as BoxFuture<'static, _>
        };
        Self {
            kind: OperationKind::of::<Op>(),
            type_name: std::any::type_name::<Op>(),
            run: Box::new(run),
            read: read_typed::<Op>,
        }
    }

    /// Runs an operation whose row holds `input`, and gives its output as JSON.
    pub(crate) fn run(
        &self,
        input: Value,
        report: Arc<Report>,
        facts: Facts,
    ) -> BoxFuture<'static, RunResult<Value>> {
        (self.run)(input, report, facts)
    }

    /// Checks an input and gives it as the row keeps it.
    pub(crate) fn read(&self, input: RawInput<'_>) -> Result<Value, InputError> {
        (self.read)(input)
    }
}

async fn run_typed<Op: Run>(input: Value, progress: Progress<Op>) -> RunResult<Value> {
    let operation: Op = serde_json::from_value(input)
        .map_err(|error| Misfit { what: "the stored input", error })?;
    let output = operation.run(progress).await?;
    serde_json::to_value(output)
        .map_err(|error| RunError::from(Misfit { what: "the output", error }))
}

#[derive(Debug, thiserror::Error)]
#[error("{what} does not fit its type")]
struct Misfit {
    what: &'static str,
    #[source]
    error: serde_json::Error,
}

fn read_typed<Op: LiveOperation>(input: RawInput<'_>) -> Result<Value, InputError> {
    let operation = read_fields::<Op>(input).or_else(|error| {
        // To serde a unit struct is `null`; to those who send one it is a form without fields.
        let unit = input.is_empty().then(|| serde_json::from_value(Value::Null));
        unit.and_then(Result::ok).ok_or(error)
    })?;
    serde_json::to_value(operation).map_err(InputError::unlocated)
}

fn read_fields<Op: LiveOperation>(input: RawInput<'_>) -> Result<Op, InputError> {
    match input {
        RawInput::Json(text) => {
            let mut json = serde_json::Deserializer::from_slice(text);
            let operation = located(&mut json)?;
            json.end().map_err(InputError::unlocated)?;
            Ok(operation)
        }
        RawInput::Form(text) => {
            located(serde_html_form::Deserializer::new(form_urlencoded::parse(text)))
        }
    }
}

impl RawInput<'_> {
    fn is_empty(self) -> bool {
        match self {
            Self::Json(text) => text.trim_ascii() == b"{}",
            Self::Form(text) => text.is_empty(),
        }
    }
}

fn located<'de, T, D>(deserializer: D) -> Result<T, InputError>
where
    T: DeserializeOwned,
    D: serde::Deserializer<'de, Error: fmt::Display>,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        InputError { field: (path != ".").then_some(path), message: error.inner().to_string() }
    })
}

impl InputError {
    fn unlocated(error: impl fmt::Display) -> Self {
        Self { field: None, message: error.to_string() }
    }
}

impl fmt::Debug for RegisteredOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredOperation")
            .field("kind", &self.kind)
            .field("type_name", &self.type_name)
            .finish_non_exhaustive()
    }
}
