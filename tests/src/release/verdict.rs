//! The result of a check.

use std::fmt;

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    /// The check has no subject.
    NothingToCheck(String),
    /// A program or toolchain is missing on this machine.
    DidNotRun(String),
    Failed(String),
}

/// The meaning of a check that did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    IsReported,
    Fails,
}

impl Verdict {
    pub(super) fn is_fine(&self, missing: Missing) -> bool {
        match self {
            Self::Passed | Self::NothingToCheck(_) => true,
            Self::DidNotRun(_) => missing == Missing::IsReported,
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
    fn a_check_that_did_not_run_has_not_passed() {
        let verdict = Verdict::DidNotRun("no toolchain 1.0.0".into());
        assert_eq!(verdict.to_string(), "DID NOT RUN: no toolchain 1.0.0");
        assert!(!verdict.is_fine(Missing::Fails));
        assert!(verdict.is_fine(Missing::IsReported));
        for missing in [Missing::IsReported, Missing::Fails] {
            assert!(!Verdict::Failed("a complaint".into()).is_fine(missing));
        }
    }
}
