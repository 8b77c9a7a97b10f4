//! The stages of an operation.

use std::{
    borrow::Cow,
    fmt::{Debug, Display},
    str::FromStr,
};

use crate::parse_error::ParseError;

/// The stages of an operation: an enum without fields, with one variant for each stage, in the order of
/// display.
///
/// `#[derive(LiveOperation)]` implements this trait for the enum that the derive generates.
///
/// ```
/// use liveops::{LiveOperation, Stage};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[stages("Load" = 1, "Save" = 3)]
/// struct Import {
///     file: String,
/// }
///
/// assert_eq!(ImportStage::ALL, [ImportStage::Load, ImportStage::Save]);
/// assert_eq!(ImportStage::Load.name(), "Load");
/// assert_eq!(ImportStage::Save.weight(), 3);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of stages",
    note = "stages come from `#[stages(\"Load\", \"Save\")]` beside `#[derive(LiveOperation)]`"
)]
pub trait Stage: Copy + Eq + Debug + Display + Send + Sync + 'static {
    /// One [`StageToken`](super::StageToken) for each stage, or `()` without stages.
    type Tokens;

    /// Every stage, in order.
    const ALL: &'static [Self];

    /// The labels of [`ALL`](Self::ALL), in the same order.
    const NAMES: &'static [&'static str];

    /// The weights of [`ALL`](Self::ALL), in the same order: the share of each stage in the whole, 1 or more.
    /// Empty if the stages declare no weights; then all weights are equal.
    const WEIGHTS: &'static [u32] = &[];

    /// The number of stages.
    const COUNT: usize = Self::ALL.len();

    /// Returns the tokens of all stages.
    fn tokens() -> Self::Tokens;

    /// Returns the position of the stage, from 0. The enum has a `const fn` of the same name.
    fn index(self) -> usize {
        let mut index = 0;
        // A plain loop keeps compile time low: this function is compiled for every operation.
        while index < Self::ALL.len() && Self::ALL[index] != self {
            index += 1;
        }
        index
    }

    /// Returns the label that users see.
    fn name(self) -> &'static str {
        Self::NAMES[self.index()]
    }

    /// Returns the share of the stage in the whole: from [`WEIGHTS`](Self::WEIGHTS), or 1.
    fn weight(self) -> u32 {
        Self::WEIGHTS.get(self.index()).copied().unwrap_or(1)
    }

    /// Returns the stage with the label `name`, as [`FromStr`] does.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if no stage has the label.
    fn from_name(name: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.iter().find(|stage| stage.name() == name);
        named.copied().ok_or_else(|| ParseError::new(expected(Self::NAMES), name))
    }
}

/// The stages of an operation that declares no stages. The enum has no values.
///
/// [`Stage`] has an example of an operation with stages.
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
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        Self::from_name(name)
    }
}

fn expected(names: &[&str]) -> Cow<'static, str> {
    match names {
        [] => "nothing, as the operation has no stages".into(),
        names => format!("one of `{}`", names.join("`, `")).into(),
    }
}
