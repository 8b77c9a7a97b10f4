use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Bound, Choice, Control, FieldType, FormErrors, FormField, messages};

/// One field of a [`Form`](super::Form).
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// What it is called in JSON and in requests.
    pub name: &'static str,
    /// What else it may be called in JSON.
    pub aliases: &'static [&'static str],
    /// What people read as its name.
    pub label: &'static str,
    /// What else there is to say about it; empty for nothing.
    pub help: &'static str,
    /// An example shown in it while it is empty; empty for none.
    pub placeholder: &'static str,
    /// Whether it is sent and not seen.
    pub is_hidden: bool,
    /// How it is asked for.
    pub field_type: FieldType,
    /// What it is unless somebody says otherwise.
    pub default: Option<fn() -> Value>,
    /// What its type and the application say against a value of it.
    pub read: fn(&Value) -> Result<(), String>,
}

impl Field {
    /// A field of type `T`, about which nothing else is said.
    pub const fn of<T: FormField + DeserializeOwned>(name: &'static str) -> Self {
        let field = Self::like(name, T::FIELD);
        Self { read: read::<T>, ..field }
    }

    /// A field whose type is read in a way of its own.
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

    /// Whether it has to be filled in.
    pub fn is_required(&self) -> bool {
        self.field_type.absent == super::Absent::Required && self.default.is_none()
    }
}

/// The functions of [`FieldType`], for a field that has its type already.
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

/// Reads a value, and asks the application about it.
#[doc(hidden)]
pub fn read_with<T: DeserializeOwned, E: fmt::Display>(
    value: &Value,
    validate: impl FnOnce(&T) -> Result<(), E>,
) -> Result<(), String> {
    let value = T::deserialize(value).map_err(|error| messages::sentence(&error.to_string()))?;
    validate(&value).map_err(|error| error.to_string())
}

/// A default as JSON; nothing where it is none.
#[doc(hidden)]
pub fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// What an application says of a whole operation.
#[doc(hidden)]
pub fn outcome<E: Into<FormErrors>>(outcome: Result<(), E>) -> Result<(), FormErrors> {
    outcome.map_err(Into::into)
}
