//! Reading of operations from their row, from JSON or from a form.
//!
//! serde's derived code for a type is compiled again for every deserializer. All three sources
//! therefore share the deserializer [`Input`], and its generic parts are small.

mod error;
mod expectation;
mod field_texts;
mod fields;
mod form;
mod form_input;
mod items;
mod reader;

pub(crate) use error::InputError;
pub(super) use expectation::explained;
pub(super) use form::FormFields;
pub(super) use form_input::through_form;
pub(super) use reader::Input;

use serde_json::Value;

use crate::form::Texts;

/// The input of an operation, as received.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawInput<'a> {
    /// JSON text.
    Json(&'a [u8]),
    /// The texts of a form.
    Form(&'a Texts),
}

impl RawInput<'_> {
    /// Returns `true` for JSON or a form without fields.
    pub(super) fn is_empty(self) -> bool {
        match self {
            Self::Json(text) => text.trim_ascii() == b"{}",
            Self::Form(texts) => texts.is_empty(),
        }
    }
}

/// Parses a JSON text, with or without a byte order mark, which some editors and shells write.
pub(super) fn parse_json(text: &[u8]) -> Result<Value, InputError> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    serde_json::from_slice(text).map_err(InputError::unlocated)
}

#[cfg(test)]
mod tests;
