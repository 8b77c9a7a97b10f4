//! What a field of a form was expected to be, for a person to read.
//!
//! What reads a text says what is wrong with it, `invalid digit found in string`, and not what it was
//! to be. What is given something that it never takes says that.

use serde_json::Value;

use super::{Form, Input, InputError};

/// The error of a form, with what was expected and found where it did not say so.
pub(in crate::runner) fn explained<T>(
    error: InputError,
    form: &Form,
    read: impl Fn(Input<'_>) -> Result<T, InputError>,
) -> InputError {
    let explanation = error.field.as_deref().filter(|_| !error.message.contains("expected"));
    let explanation = explanation.and_then(|field| {
        let found = form.text(field)?;
        let probed = read(Input::Form(&form.with_mistyped(field))).err()?;
        let (_, expected) = probed.message.rsplit_once("expected ")?;
        // It may have been another field that did not take its value then.
        let is_told = probed.field.as_deref() == Some(field);
        is_told.then(|| format!("expected {}, found `{found}`", in_words(expected)))
    });
    match explanation {
        Some(message) => InputError { message, ..error },
        None => error,
    }
}

/// A value that no field of a form takes.
pub(super) fn mistyped() -> Value {
    Value::Object(serde_json::Map::new())
}

/// A type as people call it who do not know Rust.
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
