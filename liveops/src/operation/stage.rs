use std::{
    fmt::{Debug, Display},
    hash::Hash,
    str::FromStr,
};

/// The stages of an operation: a plain enum, one variant a stage, in the order they are shown.
///
/// Implemented by `#[derive(LiveOperation)]` for the enum it generates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of stages",
    note = "stages come from `#[stages(\"Load\", \"Save\")]` beside `#[derive(LiveOperation)]`"
)]
pub trait Stage:
    Copy + Eq + Hash + Debug + Display + FromStr<Err = ParseStageError> + Send + Sync + 'static
{
    /// Every stage, in order.
    const ALL: &'static [Self];

    /// The labels of [`ALL`](Self::ALL), in the same order.
    const NAMES: &'static [&'static str];

    /// The weights of [`ALL`](Self::ALL), in the same order: how large a part of the whole each
    /// stage is. At least 1 each; all 1 unless declared.
    const WEIGHTS: &'static [u32];

    /// How many stages there are.
    const COUNT: usize = Self::ALL.len();

    /// The position of the stage, from 0.
    fn index(self) -> usize;

    /// The label people see.
    fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }
}

/// The stages of an operation that declares none; it has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoStages {}

impl Stage for NoStages {
    const ALL: &'static [Self] = &[];
    const NAMES: &'static [&'static str] = &[];
    const WEIGHTS: &'static [u32] = &[];

    fn index(self) -> usize {
        match self {}
    }
}

impl Display for NoStages {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl FromStr for NoStages {
    type Err = ParseStageError;

    fn from_str(label: &str) -> Result<Self, ParseStageError> {
        Err(ParseStageError::new(label, Self::NAMES))
    }
}

/// A text that is the label of no stage of the operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {}, found `{found}`", expected(names))]
pub struct ParseStageError {
    found: String,
    names: &'static [&'static str],
}

impl ParseStageError {
    /// The error of a type whose stages are `names`.
    pub fn new(found: &str, names: &'static [&'static str]) -> Self {
        Self { found: found.to_owned(), names }
    }
}

fn expected(names: &[&str]) -> String {
    match names {
        [] => "nothing, as the operation has no stages".to_owned(),
        names => format!("one of `{}`", names.join("`, `")),
    }
}
