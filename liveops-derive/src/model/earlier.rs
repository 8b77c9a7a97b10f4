//! The rules for the type of an earlier input.

use syn::{DeriveInput, Generics, Ident, Path};

use super::{
    policy,
    version::{self, Version, VersionKeys},
};
use crate::{
    attr::{self, EarlierKeys},
    errors::Errors,
};

/// The type of an earlier input.
pub(crate) struct EarlierInput {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) krate: Option<Path>,
    pub(crate) typed_keys: Option<Vec<Ident>>,
    /// `None` if the version is missing or wrong.
    pub(crate) version: Option<Version>,
}

impl EarlierInput {
    pub(crate) fn check(input: DeriveInput, errors: &mut Errors) -> Self {
        let mut keys = EarlierKeys::default();
        attr::read_keys(&mut keys, &input.attrs, "version = 1", errors);
        if keys.version.is_none() {
            errors.at(
                &input.ident,
                "an earlier input needs its version\n\
                 help: add `#[liveop(version = 1)]` if this was the first version of the input",
            );
        }
        let number = keys.version.as_ref().and_then(|given| policy::version(given, errors));
        let version = match keys.version.is_some() {
            true => {
                let keys = VersionKeys {
                    version: keys.version.as_ref(),
                    before: keys.before,
                    has_gap: keys.gap.is_some(),
                    typed: keys.typed.as_deref(),
                };
                version::check(keys, number, errors)
            }
            false => None,
        };
        Self {
            ident: input.ident,
            generics: input.generics,
            krate: keys.krate,
            typed_keys: keys.typed,
            version,
        }
    }
}
