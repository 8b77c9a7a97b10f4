//! The versions of an input that a process can read.

use serde::Serialize;

use super::Earlier;

/// The versions of an input that a type of operation can read: its own version, and the versions from which it can be
/// converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    /// The version of the type itself.
    newest: u32,
    /// The versions from which it can be converted.
    earlier: Option<&'static Versions>,
}

/// The version of the application that can run an operation, seen from a process that cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AwaitedVersion {
    /// The input has a higher version than this process can read.
    Newer,
    /// The input has a version from which this process can no longer convert.
    Earlier,
}

impl Versions {
    /// The versions of a type that cannot be converted from another version.
    pub(crate) const fn only(version: u32) -> Self {
        Self { newest: version, earlier: None }
    }

    /// The versions of a type that can be converted from the earlier versions, if there are any.
    pub(crate) const fn with_earlier<T>(version: u32, earlier: &Option<Earlier<T>>) -> Self {
        let earlier = match earlier {
            Some(earlier) => Some(earlier.versions()),
            None => None,
        };
        Self { newest: version, earlier }
    }

    /// Returns all versions, the newest first.
    pub(crate) fn iter(self) -> impl Iterator<Item = u32> {
        let next = |versions: &Self| versions.earlier.copied();
        std::iter::successors(Some(self), next).map(|versions| versions.newest)
    }

    /// Returns the version of the application that can read an input of `version`; `None` if this process can read it.
    pub(crate) fn awaited_for(self, version: u32) -> Option<AwaitedVersion> {
        if self.iter().any(|readable| readable == version) {
            None
        } else if version > self.newest {
            Some(AwaitedVersion::Newer)
        } else {
            Some(AwaitedVersion::Earlier)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_readable_newer_or_earlier() {
        const FIRST: Versions = Versions::only(2);
        const ALL: Versions =
            Versions { newest: 5, earlier: Some(&Versions { newest: 4, earlier: Some(&FIRST) }) };
        assert_eq!(ALL.iter().collect::<Vec<_>>(), [5, 4, 2]);
        let awaited = (1..=6).map(|version| ALL.awaited_for(version)).collect::<Vec<_>>();
        let (newer, earlier) = (Some(AwaitedVersion::Newer), Some(AwaitedVersion::Earlier));
        assert_eq!(awaited, [earlier, None, earlier, None, None, newer]);
    }
}
