use std::fmt;

use serde::de;

/// An input that is not an operation of the type it was sent for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct InputError {
    /// The field that is wrong, where one is there; the message names one that is missing.
    pub field: Option<String>,
    /// What was expected and what was found.
    pub message: String,
}

impl InputError {
    pub(in crate::runner) fn unlocated(error: impl fmt::Display) -> Self {
        Self { field: None, message: error.to_string() }
    }

    /// The same error as seen from outside: it is in the field `name`.
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.field = Some(match self.field {
            None => name.to_owned(),
            Some(inner) if inner.starts_with('[') => format!("{name}{inner}"),
            Some(inner) => format!("{name}.{inner}"),
        });
        self
    }

    /// The same error as seen from outside: it is in the item at `index`.
    pub(super) fn in_item(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }
}

impl de::Error for InputError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::unlocated(message)
    }
}
