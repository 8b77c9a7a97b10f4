use std::fmt;

/// What became of a check.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    /// There is nothing that it could find anything wrong with.
    NothingToCheck(String),
    /// The machine lacks something.
    DidNotRun(String),
    Failed(String),
}

/// What it means that a machine lacks something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    IsSaid,
    Fails,
}

impl Verdict {
    pub(super) fn is_fine(&self, missing: Missing) -> bool {
        match self {
            Self::Passed | Self::NothingToCheck(_) => true,
            Self::DidNotRun(_) => missing == Missing::IsSaid,
            Self::Failed(_) => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::NothingToCheck(reason) => write!(f, "nothing to check: {reason}"),
            Self::DidNotRun(reason) => write!(f, "DID NOT RUN: {reason}"),
            Self::Failed(reason) => write!(f, "FAILED: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_run_is_never_taken_for_passed() {
        let verdict = Verdict::DidNotRun("no toolchain 1.0.0".into());
        assert_eq!(verdict.to_string(), "DID NOT RUN: no toolchain 1.0.0");
        assert!(!verdict.is_fine(Missing::Fails));
        assert!(verdict.is_fine(Missing::IsSaid));
        for missing in [Missing::IsSaid, Missing::Fails] {
            assert!(!Verdict::Failed("a complaint".into()).is_fine(missing));
        }
    }
}
