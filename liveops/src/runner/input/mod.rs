//! What an operation is read from: its row, JSON or a form.
//!
//! What serde derives for a type is compiled again for every deserializer that the type is read
//! from, so all three go through one, [`Input`], and what is generic in it is thin.

mod error;
mod expectation;
mod fields;
mod form;
mod form_input;
mod items;
mod reader;

pub use error::InputError;
pub(super) use expectation::explained;
pub(super) use form::Form;
pub(super) use form_input::through_form;
pub(super) use reader::Input;

/// An operation as a request brings it.
#[derive(Debug, Clone, Copy)]
pub enum RawInput<'a> {
    /// JSON text.
    Json(&'a [u8]),
    /// A form, percent-encoded.
    Form(&'a [u8]),
}

impl RawInput<'_> {
    /// Whether this is JSON or a form without a single field.
    pub(super) fn is_empty(self) -> bool {
        match self {
            Self::Json(text) => text.trim_ascii() == b"{}",
            Self::Form(text) => text.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests;
