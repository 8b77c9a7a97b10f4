use std::fmt;

/// Which operations of a type count as the same, so that a second one is not enqueued while the
/// first has not ended.
pub enum Unique<Op> {
    /// None: every one is enqueued.
    No,
    /// Those with the same input.
    Input,
    /// Those of the same owner.
    Owner,
    /// Those for which the function gives the same text.
    By(fn(&Op) -> String),
}

impl<Op> fmt::Debug for Unique<Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "No",
            Self::Input => "Input",
            Self::Owner => "Owner",
            Self::By(_) => "By(…)",
        })
    }
}
