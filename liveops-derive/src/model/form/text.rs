//! The rules for texts in quotes.

use syn::LitStr;

use super::super::{names::flaw_of_text, policy::unknown_word};
use crate::errors::Errors;

/// Checks a text that users see on one line.
pub(in crate::model) fn line(
    key: &str,
    given: Option<&LitStr>,
    errors: &mut Errors,
) -> Option<String> {
    let given = given?;
    let text = given.value();
    if let Some(flaw) = flaw_of_text(&text) {
        errors.at(
            given,
            format!("`{key}` {flaw}\nhelp: write a text of one line, or remove `{key}`"),
        );
        return None;
    }
    Some(text)
}

/// Returns the value of `known` that `given` names.
pub(super) fn one_of<T: Copy>(
    key: &str,
    given: &LitStr,
    known: &[(&str, T)],
    errors: &mut Errors,
) -> Option<T> {
    let found = given.value();
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == found) {
        return Some(*value);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    errors.at(given, unknown_word(key, &found, &names, ""));
    None
}
