//! The error messages about the values of a form.

use super::{Bound, Scalar};
use crate::language::{Language, Text};

pub(super) const fn expected(scalar: Scalar) -> Text {
    match scalar {
        Scalar::Text | Scalar::Path | Scalar::Upload => Text::NotAString,
        Scalar::Whole => Text::NotWhole,
        Scalar::Number | Scalar::Single => Text::NotANumber,
        Scalar::Bool => Text::NotYesOrNo,
        Scalar::Date => Text::NotADate,
        Scalar::Time => Text::NotATime,
        Scalar::DateTime => Text::NotADateTime,
        Scalar::Instant => Text::NotAnInstant,
        Scalar::Content => Text::NotBase64,
    }
}

pub(super) fn out_of_bounds(
    language: &Language,
    min: Option<Bound>,
    max: Option<Bound>,
    found: &str,
) -> String {
    let found = ("found", found.into());
    let arg = |name, side: Bound| (name, bound(side).into());
    match (min, max) {
        (Some(min), Some(max)) => {
            language.translate_with(Text::OutOfBounds, [arg("min", min), arg("max", max), found])
        }
        (Some(min), None) => language.translate_with(Text::TooSmall, [arg("min", min), found]),
        (None, Some(max)) => language.translate_with(Text::TooGreat, [arg("max", max), found]),
        (None, None) => language.translate(Text::NotAChoice),
    }
}

/// Returns a bound as HTML and JSON write it.
pub(crate) fn bound(bound: Bound) -> String {
    match bound {
        Bound::Whole(number) => number.to_string(),
        Bound::Decimal(number) => number.to_string(),
        Bound::Text(text) => text.to_owned(),
    }
}

/// Returns an error message of serde or of the application as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let sentence = first + letters.as_str();
    if sentence.ends_with(['.', '!', '?']) { sentence } else { sentence + "." }
}
