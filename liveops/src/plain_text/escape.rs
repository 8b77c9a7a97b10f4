//! Characters that are unsafe in an untrusted text, and their escapes.

use std::borrow::Cow;

/// Returns `true` for a character that can control a terminal, reorder or hide text, or begin a new line.
fn is_unsafe(c: char) -> bool {
    c.is_control() || is_bidi_or_invisible(c)
}

/// Returns `true` for the bidirectional controls of Unicode, the line and paragraph separators, and the characters that
/// are invisible: spaces and joiners without a width, byte order marks, and tag and annotation characters. Scripts and
/// emoji need the joiners U+200C and U+200D.
pub(crate) fn is_bidi_or_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Escapes the unsafe characters of a text as `\u{1b}`, except tabs and newlines.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    escape_if(text, |c| is_unsafe(c) && !matches!(c, '\t' | '\n'))
}

/// Escapes the unsafe characters of a text that must stay on one line, including tabs and newlines.
#[cfg(feature = "cli")]
pub(crate) fn escape_line(text: &str) -> Cow<'_, str> {
    escape_if(text, is_unsafe)
}

/// Escapes the control characters of a text, except tabs and newlines. For a page, which isolates
/// bidirectional text.
pub(crate) fn escape_controls(text: &str) -> Cow<'_, str> {
    escape_if(text, |c| c.is_control() && !matches!(c, '\t' | '\n'))
}

fn escape_if(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&is_escaped) else { return Cow::Borrowed(text) };
    let (safe, rest) = text.split_at(first);
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(safe);
    for c in rest.chars() {
        if is_escaped(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Escapes the unsafe characters of a JSON text with the escapes of JSON, so that the value stays the same.
///
/// serde_json escapes only U+0000 to U+001F. Outside of strings, JSON contains no unsafe characters except newlines.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    use std::fmt::Write;

    let is_escaped = |c: char| is_unsafe(c) && c != '\n';
    let Some(first) = json.find(is_escaped) else { return Cow::Borrowed(json) };
    let (safe, rest) = json.split_at(first);
    let mut escaped = String::with_capacity(json.len() + 16);
    escaped.push_str(safe);
    for c in rest.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").expect("writing to a string does not fail");
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}
