//! The list of checks.

use super::{dependencies, docs_rs, features, msrv, package, semver, verdict::Verdict};
use crate::Failure;

/// A check of `cargo xtask checks` or `cargo xtask release-check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Dependencies,
    Features,
    FeaturePairs,
    Msrv,
    DocsRs,
    Semver,
    Package,
    Advisories,
}

impl Check {
    /// All checks in the order in which they run: fast ones first.
    pub(crate) const ALL: [Self; 8] = [
        Self::Dependencies,
        Self::Advisories,
        Self::Features,
        Self::Msrv,
        Self::FeaturePairs,
        Self::DocsRs,
        Self::Semver,
        Self::Package,
    ];

    /// The checks that a commit can break, that need no host except a package registry, and that take minutes
    /// at most.
    pub(crate) const EVERY_COMMIT: [Self; 3] = [Self::Dependencies, Self::Features, Self::Msrv];

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == word)
    }

    /// Returns the name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dependencies => "dependencies",
            Self::Features => "features",
            Self::FeaturePairs => "feature-pairs",
            Self::Msrv => "msrv",
            Self::DocsRs => "docs-rs",
            Self::Semver => "semver",
            Self::Package => "package",
            Self::Advisories => "advisories",
        }
    }

    pub(super) fn run(self) -> Result<Verdict, Failure> {
        match self {
            Self::Dependencies => dependencies::check(),
            Self::Features => features::check(),
            Self::FeaturePairs => features::check_pairs(),
            Self::Msrv => msrv::check(),
            Self::DocsRs => docs_rs::check(),
            Self::Semver => semver::check(),
            Self::Package => package::check(),
            Self::Advisories => dependencies::check_advisories(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_found_by_its_name() {
        for check in Check::ALL {
            assert_eq!(Check::named(check.name()), Some(check));
        }
        assert_eq!(Check::named("everything"), None);
    }
}
