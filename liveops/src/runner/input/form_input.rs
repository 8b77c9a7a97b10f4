//! Reading of inputs by the form of an operation.

use serde_json::Value;

use super::{InputError, RawInput, parse_json};
use crate::form::{Form, ReadContext};

/// Reads and checks an input with its form, and returns the JSON for serde.
///
/// # Errors
///
/// Returns every error that the form finds.
pub(in crate::runner) fn through_form(
    form: &Form,
    input: RawInput<'_>,
    reading: ReadContext<'_>,
) -> Result<Value, InputError> {
    let fields = match input {
        RawInput::Form(texts) => {
            if !reading.allows_unknown {
                let known: Vec<&str> = form.fields.iter().map(|field| field.name).collect();
                InputError::check_names(texts.names(), &known)?;
            }
            form.read_texts(texts, reading)?
        }
        RawInput::Json(text) => match parse_json(text)? {
            Value::Object(fields) => form.read_json(fields, reading)?,
            other => return Ok(other),
        },
    };
    Ok(fields.into())
}
