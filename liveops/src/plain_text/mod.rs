//! Untrusted texts on terminals and in text files: no character of a text may move the cursor, change the terminal,
//! reorder other text, or be invisible.

mod ansi;
mod escape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use ansi::{Color, Style, StyledPart, parts, without_sequences};
#[cfg(feature = "cli")]
pub(crate) use escape::escape_line;
pub(crate) use escape::{escape, escape_controls, escape_json, is_bidi_or_invisible};

/// Returns the text of a log line for a terminal or a text file: without ANSI sequences, in its state after carriage
/// returns, and with the remaining unsafe characters escaped.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    match without_sequences(text) {
        Cow::Borrowed(text) => escape(text),
        Cow::Owned(text) => match escape(&text) {
            Cow::Owned(escaped) => Cow::Owned(escaped),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// Returns a text with every line after the first one indented, so that no line of the text looks like a separate
/// entry.
pub(crate) fn indent_further_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { Cow::Owned(text.replace('\n', "\n    ")) } else { Cow::Borrowed(text) }
}
