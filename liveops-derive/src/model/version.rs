//! The rules for the version of an input and for the version before it.

use syn::{Ident, Type};

use crate::{attr::Whole, errors::Errors};

/// The version of an input.
pub(crate) struct Version {
    pub(crate) number: u32,
    pub(crate) before: Option<Before>,
}

/// The version before it.
pub(crate) struct Before {
    pub(crate) ty: Type,
    /// `true` if the versions in between were never in use.
    pub(crate) has_gap: bool,
}

/// The keys of a version as typed.
pub(super) struct VersionKeys<'a> {
    pub(super) version: Option<&'a Whole>,
    pub(super) before: Option<Type>,
    pub(super) has_gap: bool,
    /// Every typed key.
    pub(super) typed: Option<&'a [Ident]>,
}

/// Checks the keys. `number` is the value of `version`, if it is a version.
pub(super) fn check(
    keys: VersionKeys<'_>,
    number: Option<u32>,
    errors: &mut Errors,
) -> Option<Version> {
    let VersionKeys { version, before, has_gap, typed } = keys;
    let Some(ty) = before else {
        let gap = typed.into_iter().flatten().find(|key| *key == "gap").filter(|_| has_gap);
        if let Some(gap) = gap {
            errors.at(
                gap,
                "`gap` needs `before`\n\
                 help: name the type of the last version before the gap, such as `before = ImportV1`",
            );
        }
        return number.map(|number| Version { number, before: None });
    };
    match (version, number) {
        (None, _) => errors.at(
            &ty,
            "`before` needs `version`\n\
             help: add `version = 2` if this is the second version of the input",
        ),
        (Some(version), Some(1)) => errors.at(
            version,
            "`version` must be at least 2 with `before`, because no version is before the first\n\
             help: write `version = 2` for the second version of the input",
        ),
        (Some(_), Some(number)) => {
            return Some(Version { number, before: Some(Before { ty, has_gap }) });
        }
        // The number is wrong, and its error is recorded.
        (Some(_), None) => {}
    }
    None
}
