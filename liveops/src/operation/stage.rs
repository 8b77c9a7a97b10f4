use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

/// The stages of an operation: a plain enum, one variant a stage, in the order they are shown.
///
/// Implemented by `#[derive(LiveOperation)]` for the enum it generates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of stages",
    note = "stages come from `#[stages(\"Load\", \"Save\")]` beside `#[derive(LiveOperation)]`"
)]
pub trait Stage: Copy + Eq + Debug + Display + Send + Sync + 'static {
    /// One [`StageToken`](super::StageToken) for each stage; `()` where there are none.
    type Tokens;

    /// Every stage, in order.
    const ALL: &'static [Self];

    /// The labels of [`ALL`](Self::ALL), in the same order.
    const NAMES: &'static [&'static str];

    /// The weights of [`ALL`](Self::ALL), in the same order: how large a part of the whole each
    /// stage is. At least 1 each; empty unless declared, which makes all of them equal.
    const WEIGHTS: &'static [u32] = &[];

    /// How many stages there are.
    const COUNT: usize = Self::ALL.len();

    /// The tokens of all stages.
    fn tokens() -> Self::Tokens;

    /// The position of the stage, from 0. The enum itself has a `const fn` of this name.
    fn index(self) -> usize {
        let mut index = 0;
        // A loop as plain as that, because it is compiled for every operation.
        while index < Self::ALL.len() && Self::ALL[index] != self {
            index += 1;
        }
        index
    }

    /// The label people see.
    fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// How large a part of the whole the stage is: from [`WEIGHTS`](Self::WEIGHTS), or 1.
    fn weight(self) -> u32 {
        Self::WEIGHTS.get(self.index()).copied().unwrap_or(1)
    }

    /// The stage with the label `name`: what [`FromStr`] does.
    ///
    /// # Errors
    ///
    /// [`ParseStageError`] when no stage has it.
    fn from_name(name: &str) -> Result<Self, ParseStageError> {
        let named = Self::ALL.iter().find(|stage| stage.name() == name);
        named.copied().ok_or_else(|| ParseStageError::new(name, Self::NAMES))
    }
}

/// The stages of an operation that declares none; it has no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoStages {}

impl Stage for NoStages {
    type Tokens = ();

    const ALL: &'static [Self] = &[];
    const NAMES: &'static [&'static str] = &[];

    fn tokens() {}
}

impl Display for NoStages {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl FromStr for NoStages {
    type Err = ParseStageError;

    fn from_str(name: &str) -> Result<Self, ParseStageError> {
        Self::from_name(name)
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
    fn new(found: &str, names: &'static [&'static str]) -> Self {
        Self { found: found.to_owned(), names }
    }
}

fn expected(names: &[&str]) -> String {
    match names {
        [] => "nothing, as the operation has no stages".to_owned(),
        names => format!("one of `{}`", names.join("`, `")),
    }
}
