//! The registry of operation types.

use std::{collections::HashMap, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{
    erased::{Erased, Output, StoredInput, Typed},
    input::{FormFields, Input, InputError, RawInput, explained, parse_json, through_form},
};
use crate::{
    error::RunResult,
    form::{self, ReadContext},
    language::Text,
    operation::{NewOperation, OperationKind, Owner},
    panic::CatchPanic,
    progress::{Report, Run, RunContext},
    store::{Model, Transaction},
};

/// The registered operation types, by op type.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_op_type: HashMap<&'static str, RegisteredOperation>,
}

/// One registered operation type, with the Rust type erased.
pub(crate) struct RegisteredOperation {
    pub(crate) kind: OperationKind,
    /// The name of the Rust type, for messages.
    pub(crate) type_name: &'static str,
    /// `true` if requests may create operations of this type.
    pub(crate) is_public: bool,
    /// The form of the operation, if it has one.
    pub(crate) form: Option<&'static form::Form>,
    #[cfg(feature = "testing")]
    pub(super) shape: fn() -> super::shapes::OperationShape,
    erased: Box<dyn Erased>,
}

impl Registry {
    pub(crate) fn find(&self, op_type: &str) -> Option<&RegisteredOperation> {
        self.by_op_type.get(op_type)
    }

    /// Returns the value of the label `op_type` of the metrics for a type.
    pub(super) fn metric_op_type(&self, op_type: &str) -> &'static str {
        self.find(op_type).map_or(OperationKind::UNREGISTERED, |operation| operation.kind).op_type
    }

    /// Returns the operation type, if requests may create its operations.
    pub(crate) fn find_public(&self, op_type: &str) -> Option<&RegisteredOperation> {
        let operation = self.find(op_type)?;
        if !operation.is_public {
            tracing::debug!(
                op_type,
                "refusing a request to create an operation; `form` or `public` in `#[liveop(…)]` allows it"
            );
        }
        Some(operation).filter(|operation| operation.is_public)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RegisteredOperation> {
        self.by_op_type.values()
    }

    /// Returns the inputs that this process can read: each op type with each version.
    pub(super) fn readable_inputs(&self) -> Vec<(&'static str, i32)> {
        let kinds = self.by_op_type.values().map(|operation| operation.kind);
        let versions = |kind: OperationKind| {
            // A version is at most `i32::MAX`.
            let version = |version| i32::try_from(version).unwrap_or(i32::MAX);
            kind.versions.iter().map(move |readable| (kind.op_type, version(readable)))
        };
        kinds.flat_map(versions).collect()
    }

    /// Returns the type of `row`, if this process can also read its input.
    pub(super) fn find_readable(&self, row: &Model) -> Option<&RegisteredOperation> {
        self.find(&row.op_type).filter(|operation| row.awaits(&operation.kind).is_none())
    }

    /// Adds an operation type. Returns the type that had the same op type before.
    pub(crate) fn insert(&mut self, operation: RegisteredOperation) -> Option<RegisteredOperation> {
        self.by_op_type.insert(operation.kind.op_type, operation)
    }
}

impl RegisteredOperation {
    pub(crate) fn of<Op: Run>(state: Op::State) -> Self {
        Self {
            kind: const { OperationKind::of::<Op>() },
            type_name: std::any::type_name::<Op>(),
            is_public: Op::IS_PUBLIC,
            form: Op::FORM,
            #[cfg(feature = "testing")]
            shape: super::shapes::OperationShape::of::<Op>,
            erased: Box::new(Typed::<Op>::new(state)),
        }
    }

    /// Returns the input of `row` in the current version of the type; `None` if the input cannot be read.
    pub(crate) fn current_input(&self, row: &Model) -> Option<Value> {
        if u32::try_from(row.payload_version) == Ok(self.kind.policy.version) {
            return Some(row.input.clone());
        }
        let is_readable = row.awaits(&self.kind).is_none();
        is_readable.then(|| self.erased.converted(StoredInput::of(row)).ok())?
    }

    /// Runs the operation whose row holds `input`, and returns its output as JSON.
    pub(crate) fn run(
        &self,
        input: StoredInput,
        report: Arc<Report>,
        context: Arc<RunContext>,
    ) -> BoxFuture<'static, RunResult<Output>> {
        self.erased.run(input, report, context)
    }

    /// Calls [`Run::on_retry`] of the operation of `row`. A panic is an error like any other.
    pub(super) async fn on_retry(&self, row: &Model, transaction: &Transaction) -> RunResult<()> {
        let (id, owner) = (row.operation_id(), row.owner_id());
        // In the future, so that the call is caught too.
        let on_retry =
            async { self.erased.on_retry(StoredInput::of(row), transaction, id, owner).await };
        let answered = CatchPanic::new(on_retry).await;
        answered.unwrap_or_else(|panicked| Err(panicked.to_string().into()))
    }

    /// Reads the input of a trusted user, and returns the new operation of `owner`. The input may name
    /// files of this machine; unknown fields are errors.
    #[cfg(feature = "cli")]
    pub(crate) fn read(
        &self,
        input: RawInput<'_>,
        language: &crate::language::Language,
        owner: &Owner,
    ) -> Result<NewOperation, InputError> {
        let context = ReadContext {
            paths: form::Paths::Trusted,
            refused: &[],
            language,
            allows_unknown: false,
        };
        self.read_with(input, context, owner)
    }

    /// Reads the input of a request, and returns the new operation of `owner`.
    pub(crate) fn read_with(
        &self,
        input: RawInput<'_>,
        context: ReadContext<'_>,
        owner: &Owner,
    ) -> Result<NewOperation, InputError> {
        let read = |input: Input<'_>| self.erased.read(input, owner.clone());
        let new = match (self.form, input) {
            (Some(form), input) => read(Input::Json(through_form(form, input, context)?)),
            (None, RawInput::Json(text)) => read(Input::Json(parse_json(text)?)),
            (None, RawInput::Form(texts)) => {
                let form = FormFields::new(texts, context.allows_unknown);
                read(Input::Form(&form)).map_err(|error| explained(error, &form, read))
            }
        };
        // Clients send a unit struct as an input without fields, but serde reads a unit struct from
        // `null`.
        let new = match new {
            Err(error) if input.is_empty() => read(Input::Json(Value::Null)).map_err(|_| error),
            new => new,
        }?;
        // PostgreSQL cannot store NUL, so liveops refuses this character with every database.
        match InputError::with_nul(&new.input) {
            Some(error) => {
                Err(InputError { message: context.language.translate(Text::HasNul), ..error })
            }
            None => Ok(new),
        }
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
