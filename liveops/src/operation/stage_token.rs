//! The tokens with which a run enters its stages.

/// A token to enter one stage once. [`Progress::stages`](crate::Progress::stages) returns one token for each
/// stage, and [`Progress::enter`](crate::Progress::enter) takes a token by value.
///
/// A token cannot be copied, so code that enters a stage twice does not compile.
#[derive(Debug)]
#[must_use = "the stage is not entered"]
pub struct StageToken<S>(S);

impl<S> StageToken<S> {
    /// For generated code only: a second token for the same stage would allow entering the stage twice.
    #[doc(hidden)]
    pub const fn new(stage: S) -> Self {
        Self(stage)
    }

    pub(crate) fn into_stage(self) -> S {
        self.0
    }
}
