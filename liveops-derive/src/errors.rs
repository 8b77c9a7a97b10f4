//! Collects every error of one derive, so that one build reports all of them.

use std::{fmt::Display, thread};

use quote::ToTokens;

/// The errors found so far. Dropping them without [`check`](Self::check) panics, because an unreported error
/// would become wrong code.
pub(crate) struct Errors {
    /// `None` after the check.
    found: Option<Vec<syn::Error>>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: Some(Vec::new()) }
    }

    /// Adds an error that covers all of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.get_or_insert_default().push(error);
    }

    /// Returns all errors as one error.
    pub(crate) fn check(mut self) -> syn::Result<()> {
        let mut found = self.found.take().into_iter().flatten();
        let Some(mut all) = found.next() else { return Ok(()) };
        all.extend(found);
        Err(all)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if self.found.is_some() && !thread::panicking() {
            panic!("the errors of a derive were dropped without `check`");
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn every_error_is_kept() {
        let mut errors = Errors::new();
        errors.at(quote!(a), "one");
        errors.at(quote!(b), "two");
        let messages: Vec<_> =
            errors.check().unwrap_err().into_iter().map(|error| error.to_string()).collect();
        assert_eq!(messages, ["one", "two"]);
    }

    #[test]
    fn no_errors_are_fine() {
        assert!(Errors::new().check().is_ok());
    }

    #[test]
    #[should_panic(expected = "dropped without `check`")]
    fn dropping_errors_without_check_panics() {
        drop(Errors::new());
    }
}
