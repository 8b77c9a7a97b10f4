//! The methods of compilation.

/// A method of compiling a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Method {
    Check,
    Build,
}

impl Method {
    pub(super) const ALL: [Self; 2] = [Self::Check, Self::Build];

    /// Returns the subcommand of cargo.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Build => "build",
        }
    }
}
