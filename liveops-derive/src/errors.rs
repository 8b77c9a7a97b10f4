//! Collects every mistake of one derive, so that one build shows them all.

use std::{fmt::Display, thread};

use quote::ToTokens;

/// The mistakes found so far. Has to be looked at with [`check`](Self::check): dropping it unseen
/// panics, because a mistake that is found and not told becomes code that does something else.
pub(crate) struct Errors {
    /// `None` once they were looked at.
    found: Option<Vec<syn::Error>>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: Some(Vec::new()) }
    }

    /// Adds a mistake that covers all of `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.get_or_insert_default().push(error);
    }

    /// Gives all mistakes as one error, or nothing.
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
            panic!("the mistakes of a derive were not looked at");
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn every_mistake_is_kept() {
        let mut errors = Errors::new();
        errors.at(quote!(a), "one");
        errors.at(quote!(b), "two");
        let told: Vec<_> =
            errors.check().unwrap_err().into_iter().map(|error| error.to_string()).collect();
        assert_eq!(told, ["one", "two"]);
    }

    #[test]
    fn no_mistake_is_fine() {
        assert!(Errors::new().check().is_ok());
    }

    #[test]
    #[should_panic(expected = "were not looked at")]
    fn looking_away_panics() {
        drop(Errors::new());
    }
}
