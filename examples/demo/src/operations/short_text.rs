//! A short line of text, as a field of an input.

use std::fmt;

use liveops::form::{FieldType, FormField};
use serde::{Deserialize, Deserializer, Serialize, de};

/// Maximum number of characters.
const CHARS_MAX: u32 = 200;

/// A line of text that an operation shows: at most 200 characters, no control characters.
///
/// An empty text counts as absent, because a form sends an empty text for a field that was not filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ShortText(String);

impl ShortText {
    /// Returns the text, or `default` if the text is absent.
    pub fn or<'a>(&'a self, default: &'a str) -> &'a str {
        if self.0.is_empty() { default } else { &self.0 }
    }
}

/// An error for a text that is too long or has several lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected at most {CHARS_MAX} characters on one line, found {found}")]
pub struct NotShort {
    found: &'static str,
}

impl TryFrom<&str> for ShortText {
    type Error = NotShort;

    fn try_from(text: &str) -> Result<Self, NotShort> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(NotShort { found: "a control character" });
        }
        if text.chars().count() > CHARS_MAX as usize {
            return Err(NotShort { found: "more" });
        }
        Ok(Self(text.to_owned()))
    }
}

impl FormField for ShortText {
    const FIELD: FieldType = FieldType::TEXT.max_length(CHARS_MAX);
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ShortText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        Self::try_from(text.as_str()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_gives_way_to_the_default() {
        assert_eq!(ShortText::try_from("  ").unwrap().or("Demo"), "Demo");
        assert_eq!(ShortText::try_from(" Spring ").unwrap().or("Demo"), "Spring");
    }

    #[test]
    fn long_and_broken_lines_are_refused() {
        assert!(ShortText::try_from("ł".repeat(200).as_str()).is_ok());
        assert!(ShortText::try_from("ł".repeat(201).as_str()).is_err());
        assert!(ShortText::try_from("one\ntwo").is_err());
    }
}
