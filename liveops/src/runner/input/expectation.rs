//! Error messages that name the expected value of a form field.
//!
//! A parser reports what is wrong with a text (`invalid digit found in string`), but not the expected
//! type. serde reports the expected type for a value that the field never accepts, so the form is read
//! again with such a value.

use serde_json::Value;

use super::{FormFields, Input, InputError};

/// Adds the expected type and the value found to the error of a form, unless its message names them
/// already.
pub(in crate::runner) fn explained<T>(
    error: InputError,
    form: &FormFields<'_>,
    read: impl Fn(Input<'_>) -> Result<T, InputError>,
) -> InputError {
    let explanation = error.field.as_deref().filter(|_| !error.message.contains("expected"));
    let explanation = explanation.and_then(|field| {
        let found = form.text(field)?;
        let probed = read(Input::Form(&form.with_mistyped(field))).err()?;
        let (_, expected) = probed.message.rsplit_once("expected ")?;
        // The second error may be about another field.
        let is_same_field = probed.field.as_deref() == Some(field);
        is_same_field.then(|| format!("expected {}, found `{found}`", in_words(expected)))
    });
    match explanation {
        Some(message) => InputError { message, ..error },
        None => error,
    }
}

/// Returns a value that no form field accepts.
pub(super) fn mistyped() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Translates the name of a Rust type into words for users.
fn in_words(expected: &str) -> String {
    let whole = |min: i128, max: i128| format!("a whole number from {min} to {max}");
    match expected {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "i8" => whole(i8::MIN.into(), i8::MAX.into()),
        "i16" => whole(i16::MIN.into(), i16::MAX.into()),
        "i32" => whole(i32::MIN.into(), i32::MAX.into()),
        "u64" | "u128" | "usize" => "a whole number from 0".to_owned(),
        "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        other => other.to_owned(),
    }
}
