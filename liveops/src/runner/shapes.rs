//! The shapes of the registered operations.

use std::{collections::BTreeMap, fmt};

use super::Builder;
use crate::{
    operation::{OperationKind, Shape, input_shapes},
    progress::Run,
};

/// The shapes of the registered operations: inputs with their versions, outputs and stages. With the feature `testing`.
///
/// The display is the content of a lock file. [`assert_shapes!`](crate::testing::assert_shapes) compares the shapes with
/// such a file, and has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shapes(BTreeMap<&'static str, OperationShape>);

/// The shape of one type of operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OperationShape {
    version: u32,
    stages: &'static [&'static str],
    /// The input in each readable version.
    inputs: Vec<(u32, Shape)>,
    output: Shape,
}

impl<S> Builder<S> {
    /// Returns the shapes of the operations that were registered so far. Uses neither the database nor the state. With the
    /// feature `testing`.
    pub fn shapes(&self) -> Shapes {
        let operations = self.registry().iter();
        Shapes(operations.map(|operation| (operation.kind.op_type, (operation.shape)())).collect())
    }
}

impl OperationShape {
    pub(super) fn of<Op: Run>() -> Self {
        let kind = const { OperationKind::of::<Op>() };
        Self {
            version: kind.policy.version,
            stages: kind.stages,
            inputs: input_shapes::<Op>(),
            output: Shape::of::<Op::Output>(),
        }
    }
}

impl fmt::Display for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (op_type, shape) in &self.0 {
            write!(f, "\n[{op_type}]\n{shape}")?;
        }
        Ok(())
    }
}

/// One line for each field and each stage, so that a difference between two files shows what has changed.
impl fmt::Display for OperationShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "version {}", self.version)?;
        for (version, input) in &self.inputs {
            writeln!(f, "input of version {version}")?;
            lines(f, input)?;
        }
        writeln!(f, "output")?;
        lines(f, &self.output)?;
        writeln!(f, "stages")?;
        self.stages.iter().try_for_each(|stage| writeln!(f, "    {stage:?}"))
    }
}

fn lines(f: &mut fmt::Formatter<'_>, shape: &Shape) -> fmt::Result {
    match shape {
        Shape::Struct(fields) => {
            fields.iter().try_for_each(|(name, shape)| writeln!(f, "    {name}: {shape}"))
        }
        other => writeln!(f, "    {other}"),
    }
}
