//! Derives names from other names. Knows no tokens.

pub(crate) mod serde_case;

use heck::ToUpperCamelCase;

/// Converts `ScoreImport` to `score_import` by the rule of django-liveops, so that templates of that
/// framework keep their names.
///
/// The rule is two regular expressions, `(.)([A-Z][a-z]+)` → `\1_\2`, then `([a-z0-9])([A-Z])` → `\1_\2`, and
/// then lower case. `heck` differs around digits and underscores.
pub(crate) fn snake_case(type_name: &str) -> String {
    separated(type_name, '_').to_lowercase()
}

/// Converts `ScoreImport` to `Score import`: the words of [`snake_case`] with spaces. A word without
/// lower-case letters is an acronym and stays unchanged: `PBNImport` becomes `PBN import`.
pub(crate) fn title(type_name: &str) -> String {
    let words = separated(type_name, ' ').replace('_', " ");
    let words: Vec<_> = words.split_whitespace().enumerate().map(title_word).collect();
    words.join(" ")
}

fn title_word((position, word): (usize, &str)) -> String {
    if position == 0 || !word.contains(char::is_lowercase) {
        word.to_owned()
    } else {
        word.to_lowercase()
    }
}

/// Converts `max_rows` to `Max rows`.
pub(crate) fn label_of_field(name: &str) -> String {
    let words = name.replace('_', " ");
    let words = words.trim();
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Inserts `separator` before each upper-case letter that starts a word: a letter after a lower-case letter
/// or a digit, or a letter before a lower-case letter.
fn separated(type_name: &str, separator: char) -> String {
    let mut words = String::with_capacity(type_name.len() + 8);
    let mut before: Option<char> = None;
    let mut letters = type_name.chars().peekable();
    while let Some(letter) = letters.next() {
        if let Some(before) = before
            && letter.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || letters.peek().is_some_and(char::is_ascii_lowercase))
        {
            words.push(separator);
        }
        words.push(letter);
        before = Some(letter);
    }
    words
}

/// The reason that a label cannot become the name of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoVariant {
    /// `"…"`
    NoLetters,
    /// `"2nd pass"`
    StartsWithDigit,
    /// `"self"`
    Reserved,
    /// `"½"`
    NotAName,
}

/// Converts `Load data` to `LoadData`.
pub(crate) fn variant(label: &str) -> Result<String, NoVariant> {
    let name = label.to_upper_camel_case();
    if name.is_empty() {
        Err(NoVariant::NoLetters)
    } else if name.starts_with(|first: char| first.is_ascii_digit()) {
        Err(NoVariant::StartsWithDigit)
    } else if name == "Self" {
        Err(NoVariant::Reserved)
    } else if syn::parse_str::<syn::Ident>(&name).is_err() {
        Err(NoVariant::NotAName)
    } else {
        Ok(name)
    }
}

/// Prefixes a label that alone is not a name: `Stage` and `2nd pass` become `Stage2ndPass`.
pub(crate) fn behind_word(word: &str, label: &str) -> String {
    format!("{word}{}", label.to_upper_camel_case())
}

#[cfg(test)]
mod tests;
