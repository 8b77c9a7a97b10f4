//! The error of an input that cannot be read.

use std::{fmt, iter};

use serde::de;
use serde_json::Value;

use crate::form::{FieldError, Form, FormErrors, messages};

/// An input that does not match the operation type it was sent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputError {
    /// The wrong field, if the input has it. A missing field is named in `message`.
    pub(crate) field: Option<String>,
    /// The expected value and the value found.
    pub(crate) message: String,
    /// Further errors: an operation with a form reports all errors at once.
    pub(crate) more: Vec<FieldError>,
}

impl InputError {
    pub(in crate::runner) fn unlocated(error: impl fmt::Display) -> Self {
        Self { field: None, message: error.to_string(), more: Vec::new() }
    }

    /// Returns an error if one of `names` is not among the `known` fields.
    pub(super) fn check_names<'a>(
        mut names: impl Iterator<Item = &'a str>,
        known: &[&str],
    ) -> Result<(), Self> {
        let Some(unknown) = names.find(|name| !known.contains(name)) else { return Ok(()) };
        let message = match known {
            [] => "unknown field, expected no fields".to_owned(),
            known => format!("unknown field, expected one of: {}", known.join(", ")),
        };
        Err(Self::unlocated(message).in_field(unknown))
    }

    /// Returns an error about the first text, or the first name of a field, that contains the character NUL.
    pub(in crate::runner) fn with_nul(input: &Value) -> Option<Self> {
        match input {
            Value::String(text) => text.contains('\0').then(|| Self::unlocated("NUL")),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .find_map(|(index, item)| Some(Self::with_nul(item)?.in_item(index))),
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                if name.contains('\0') {
                    return Some(Self::unlocated("NUL").in_field(&name.replace('\0', "\u{fffd}")));
                }
                Some(Self::with_nul(value)?.in_field(name))
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    /// Prepends the field `name` to the path of the error.
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.field = Some(match self.field {
            None => name.to_owned(),
            Some(inner) if inner.starts_with('[') => format!("{name}{inner}"),
            Some(inner) => format!("{name}.{inner}"),
        });
        self
    }

    /// Prepends the item `index` to the path of the error.
    pub(super) fn in_item(self, index: usize) -> Self {
        self.in_field(&format!("[{index}]"))
    }

    /// Returns all errors for `form`, each with its field if the form has that field.
    pub(crate) fn on_form(&self, form: &Form) -> FormErrors {
        let first = FieldError::new(self.field.clone(), self.message.clone());
        let errors = iter::once(first).chain(self.more.iter().cloned());
        FormErrors::of_fields(errors.map(|error| beside(form, error)).collect())
    }
}

fn beside(form: &Form, error: FieldError) -> FieldError {
    let path = error.field.as_deref().unwrap_or_default();
    let (name, inner) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
    match form.field(name) {
        Some(field) if inner.is_empty() => {
            FieldError::new(Some(field.name.to_owned()), messages::sentence(&error.message))
        }
        Some(field) => FieldError::new(
            Some(field.name.to_owned()),
            messages::sentence(&format!("{}: {}", inner.trim_start_matches('.'), error.message)),
        ),
        None => FieldError::new(None, messages::sentence(&error.to_string())),
    }
}

impl From<FormErrors> for InputError {
    fn from(errors: FormErrors) -> Self {
        let mut errors = errors.into_fields().into_iter();
        let first = errors.next().unwrap_or_else(|| FieldError::new(None, String::new()));
        Self { field: first.field, message: first.message, more: errors.collect() }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.message)?,
            None => f.write_str(&self.message)?,
        }
        self.more.iter().try_for_each(|error| write!(f, "\n{error}"))
    }
}

impl std::error::Error for InputError {}

impl de::Error for InputError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::unlocated(message)
    }
}
