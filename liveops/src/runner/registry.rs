use std::{collections::HashMap, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{
    erased::{Erased, Typed},
    input::{Form, Input, InputError, RawInput, explained, through_form},
};
use crate::{
    error::RunResult,
    form::{self, ReadContext},
    operation::{NewOperation, OperationKind, Owner},
    progress::{Report, Run, RunContext},
    store::{Model, Transaction},
};

/// The operations an application knows, by op type.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    by_op_type: HashMap<&'static str, RegisteredOperation>,
}

/// One type of operation, with the type erased.
pub(crate) struct RegisteredOperation {
    pub(crate) kind: OperationKind,
    /// The Rust type, for messages.
    pub(crate) type_name: &'static str,
    /// Whether viewers cannot create one.
    is_internal: bool,
    /// What it asks for, if it has a form.
    pub(crate) form: Option<&'static form::Form>,
    erased: Box<dyn Erased>,
}

impl Registry {
    pub(crate) fn find(&self, op_type: &str) -> Option<&RegisteredOperation> {
        self.by_op_type.get(op_type)
    }

    /// The same, unless viewers cannot create one.
    pub(crate) fn find_for_viewers(&self, op_type: &str) -> Option<&RegisteredOperation> {
        self.find(op_type).filter(|operation| !operation.is_internal)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RegisteredOperation> {
        self.by_op_type.values()
    }

    pub(super) fn op_types(&self) -> Vec<&'static str> {
        self.by_op_type.keys().copied().collect()
    }

    /// Adds an operation, and gives the one that had its op type already.
    pub(crate) fn insert(&mut self, operation: RegisteredOperation) -> Option<RegisteredOperation> {
        self.by_op_type.insert(operation.kind.op_type, operation)
    }
}

impl RegisteredOperation {
    pub(crate) fn of<Op: Run>(state: Op::State) -> Self {
        Self {
            kind: const { OperationKind::of::<Op>() },
            type_name: std::any::type_name::<Op>(),
            is_internal: Op::IS_INTERNAL,
            form: Op::FORM,
            erased: Box::new(Typed::<Op>::new(state)),
        }
    }

    /// Runs an operation whose row holds `input`, and gives its output as JSON.
    pub(crate) fn run(
        &self,
        input: Value,
        report: Arc<Report>,
        context: Arc<RunContext>,
    ) -> BoxFuture<'static, RunResult<Value>> {
        self.erased.run(input, report, context)
    }

    /// Tells the operation of `row` that a user retries it.
    pub(super) async fn on_retry(&self, row: &Model, transaction: &Transaction) -> RunResult<()> {
        let (id, owner) = (row.operation_id(), row.owner_id());
        self.erased.on_retry(row.input.clone(), transaction, id, owner).await
    }

    /// Reads an input of somebody who may read the files of this machine and is told what there is no
    /// field for, and gives the operation of `owner` that it makes.
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

    /// The same of a request.
    pub(crate) fn read_with(
        &self,
        input: RawInput<'_>,
        context: ReadContext<'_>,
        owner: &Owner,
    ) -> Result<NewOperation, InputError> {
        let read = |input: Input<'_>| self.erased.read(input, owner.clone());
        let new = match (self.form, input) {
            (Some(form), input) => read(Input::Json(through_form(form, input, context)?)),
            (None, RawInput::Json(text)) => {
                let value = serde_json::from_slice(text).map_err(InputError::unlocated)?;
                read(Input::Json(value))
            }
            (None, RawInput::Form(text)) => {
                let form = Form::parse(text, context.allows_unknown);
                read(Input::Form(&form)).map_err(|error| explained(error, &form, read))
            }
        };
        // To serde a unit struct is `null`; to those who send one it is a form without fields.
        match new {
            Err(error) if input.is_empty() => read(Input::Json(Value::Null)).map_err(|_| error),
            new => new,
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
