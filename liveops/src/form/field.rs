//! The fields of a form.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Bound, Choice, Control, FieldType, FormErrors, FormField, messages};

/// One field of a [`Form`](super::Form).
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name of the field in JSON and in requests.
    pub name: &'static str,
    /// More names of the field, accepted in JSON.
    pub aliases: &'static [&'static str],
    /// The label that users see.
    pub label: &'static str,
    /// The help text. Empty for none.
    pub help: &'static str,
    /// An example, shown while the field is empty. Empty for none.
    pub placeholder: &'static str,
    /// `true` if the field is sent but not shown.
    pub is_hidden: bool,
    /// The control and the rules for the values.
    pub field_type: FieldType,
    /// The value of a field that is left out.
    pub default: Option<fn() -> Value>,
    /// Checks a value with the type of the field and with the validation of the application.
    pub read: fn(&Value) -> Result<(), String>,
}

impl Field {
    /// Creates a field of type `T` with default settings.
    pub const fn of<T: FormField + DeserializeOwned>(name: &'static str) -> Self {
        let field = Self::like(name, T::FIELD);
        Self { read: read::<T>, ..field }
    }

    /// Creates a field that serde does not read by its type.
    pub const fn like(name: &'static str, field_type: FieldType) -> Self {
        Self {
            name,
            aliases: &[],
            label: name,
            help: "",
            placeholder: "",
            is_hidden: false,
            field_type,
            default: None,
            read: |_| Ok(()),
        }
    }

    /// Returns `true` if the field must be filled in.
    pub fn is_required(&self) -> bool {
        self.field_type.absent == super::Absent::Required && self.default.is_none()
    }
}

/// Adds the functions of [`FieldType`] to [`Field`], for generated code.
macro_rules! of_field_type {
    ($($function:ident($($argument:ident: $type:ty)?);)*) => {
        #[doc(hidden)]
        impl Field {$(
            #[must_use]
            #[track_caller]
            pub const fn $function(self $(, $argument: $type)?) -> Self {
                Self { field_type: self.field_type.$function($($argument)?), ..self }
            }
        )*}
    };
}

of_field_type! {
    shown_as(control: Control);
    min(bound: Bound);
    max(bound: Bound);
    step(step: f64);
    max_length(max_length: u32);
    options(choices: &'static [Choice]);
    accept(accept: &'static str);
    any_path();
    rows(rows: u32);
    optional();
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<(), String> {
    match T::deserialize(value) {
        Ok(_) => Ok(()),
        Err(error) => Err(messages::sentence(&error.to_string())),
    }
}

/// Reads a value and validates it with the function of the application.
#[doc(hidden)]
pub fn read_with<T: DeserializeOwned, E: fmt::Display>(
    value: &Value,
    validate: impl FnOnce(&T) -> Result<(), E>,
) -> Result<(), String> {
    let value = T::deserialize(value).map_err(|error| messages::sentence(&error.to_string()))?;
    validate(&value).map_err(|error| error.to_string())
}

/// Returns a default as JSON, or null if the default does not serialize.
#[doc(hidden)]
pub fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Returns the outcome of the application's validation of a whole operation.
#[doc(hidden)]
pub fn outcome<E: Into<FormErrors>>(outcome: Result<(), E>) -> Result<(), FormErrors> {
    outcome.map_err(Into::into)
}
