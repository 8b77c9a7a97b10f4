//! The errors in the input of an operation.

use std::fmt;

/// All errors in an input: at most one for each field, and errors about several fields together.
///
/// A text converts into an error about the whole input.
///
/// ```
/// use liveops::form::FormErrors;
///
/// fn check(from: u32, until: u32) -> Result<(), FormErrors> {
///     if from > until {
///         return Err(FormErrors::at("until", "Expected a year after the first one."));
///     }
///     if until - from > 100 {
///         Err("Expected at most 100 years.")?;
///     }
///     Ok(())
/// }
///
/// assert_eq!(check(2, 1).unwrap_err().of("until"), Some("Expected a year after the first one."));
/// assert_eq!(check(1, 500).unwrap_err().to_string(), "Expected at most 100 years.");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormErrors {
    errors: Vec<FieldError>,
}

/// One error in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// The name of the field in JSON, or `None` for an error about several fields.
    pub(crate) field: Option<String>,
    /// The expected value, as a sentence for the user who filled in the form.
    pub(crate) message: String,
}

impl FormErrors {
    /// Creates an empty list of errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an error with `message` about `field`, the name of the field in JSON.
    pub fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new().and_at(field, message)
    }

    /// Adds `message` about `field`. Does nothing if the field already has an error.
    #[must_use]
    pub fn and_at(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        let field = field.into();
        if self.of(&field).is_none() {
            self.errors.push(FieldError { field: Some(field), message: message.into() });
        }
        self
    }

    /// Returns the error about a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        let error = self.errors.iter().find(|error| error.field.as_deref() == Some(field));
        error.map(|error| error.message.as_str())
    }

    /// Returns all errors, in the order in which they were found: the name of the field in JSON, or `None`
    /// for an error about several fields, and the message.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        self.errors.iter().map(|error| (error.field.as_deref(), error.message.as_str()))
    }

    /// Returns `true` if there is no error.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn of_fields(errors: Vec<FieldError>) -> Self {
        Self { errors }
    }

    pub(crate) fn into_fields(self) -> Vec<FieldError> {
        self.errors
    }

    pub(super) fn check(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    pub(super) fn add(&mut self, field: &str, message: String) {
        *self = std::mem::take(self).and_at(field, message);
    }
}

impl From<String> for FormErrors {
    fn from(message: String) -> Self {
        Self { errors: vec![FieldError { field: None, message }] }
    }
}

impl From<&str> for FormErrors {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl FieldError {
    pub(crate) fn new(field: Option<String>, message: String) -> Self {
        Self { field, message }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for FormErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for FormErrors {}
