//! Every sentence that a form says by itself.

use super::{Bound, Choice, Scalar};

pub(super) const YES_OR_NO: &[Choice] =
    &[Choice { value: "true", label: "Yes" }, Choice { value: "false", label: "No" }];

pub(crate) const START: &str = "Start";
pub(crate) const REQUIRED: &str = "required";
pub(crate) const NOTHING_CHOSEN: &str = "—";
pub(crate) const ONE_PER_LINE: &str = "One on each line.";
pub(crate) const IN_UTC: &str = "In UTC.";
pub(crate) const FILE_AGAIN: &str = "Files have to be chosen again.";

pub(super) const MISSING: &str = "Fill this in.";
pub(super) const MISSING_CHOICE: &str = "Choose one of these.";
pub(super) const MISSING_FILE: &str = "Choose a file.";
pub(super) const NOT_UPLOADED: &str = "Upload the file: a path is not taken here.";
pub(super) const NOT_A_LIST: &str = "Expected a list.";
pub(super) const SEVERAL: &str = "Expected one value, found several.";
pub(super) const NOT_A_CHOICE: &str = "Choose one of those there are.";
pub(super) const NOT_AN_EMAIL: &str = "Expected a mail address, as in ann@example.org.";
pub(super) const NOT_A_URL: &str = "Expected an address, as in https://example.org.";
pub(super) const NOT_BASE64: &str = "Expected Base64.";

/// The heading over everything that is wrong.
pub(crate) fn mistakes(count: usize) -> String {
    match count {
        1 => "One thing has to be mended".to_owned(),
        count => format!("{count} things have to be mended"),
    }
}

pub(super) fn expected(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Text | Scalar::Path => "Expected a text.",
        Scalar::Whole => "Expected a whole number.",
        Scalar::Number => "Expected a number.",
        Scalar::Bool => "Expected yes or no.",
        Scalar::Date => "Expected a date, as in 2026-02-28.",
        Scalar::Time => "Expected a time, as in 14:30.",
        Scalar::DateTime => "Expected a date and a time, as in 2026-02-28T14:30.",
        Scalar::Instant => "Expected a date and a time, as in 2026-02-28T14:30Z.",
        Scalar::Content => NOT_BASE64,
    }
}

pub(super) fn out_of_bounds(min: Option<Bound>, max: Option<Bound>, found: &str) -> String {
    match (min.map(bound), max.map(bound)) {
        (Some(min), Some(max)) => format!("Expected a value from {min} to {max}, found {found}."),
        (Some(min), None) => format!("Expected {min} or more, found {found}."),
        (None, Some(max)) => format!("Expected {max} or less, found {found}."),
        (None, None) => format!("Did not expect {found}."),
    }
}

pub(crate) fn bound(bound: Bound) -> String {
    match bound {
        Bound::Whole(number) => number.to_string(),
        Bound::Decimal(number) => number.to_string(),
        Bound::Text(text) => text.to_owned(),
    }
}

pub(super) fn too_long(max: u32, found: usize) -> String {
    format!("Expected at most {max} characters, found {found}.")
}

pub(super) fn too_large(max: u32, found: usize) -> String {
    format!("Expected a file of at most {max} bytes, found {found}.")
}

pub(super) fn not_accepted(accept: &str) -> String {
    format!("Expected a file of the kind {accept}.")
}

/// What somebody else says about a value, as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let sentence = first + letters.as_str();
    if sentence.ends_with(['.', '!', '?']) { sentence } else { sentence + "." }
}
