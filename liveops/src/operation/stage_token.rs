/// The right to enter one stage, once: [`Progress::stages`](crate::Progress::stages) gives one for
/// each, and [`Progress::enter`](crate::Progress::enter) takes it.
///
/// It cannot be copied, so a stage that is entered twice does not compile.
#[derive(Debug)]
#[must_use = "the stage is not entered"]
pub struct StageToken<S>(S);

impl<S> StageToken<S> {
    /// For generated code: whoever makes a token may make a second one.
    #[doc(hidden)]
    pub const fn new(stage: S) -> Self {
        Self(stage)
    }

    pub(crate) fn into_stage(self) -> S {
        self.0
    }
}
