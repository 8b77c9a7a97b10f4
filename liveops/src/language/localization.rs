//! The interface between a [`Language`](super::Language) and the implementation of its texts and formats.

use chrono::{DateTime, NaiveDate, Utc};

use super::Arg;

/// The texts of one language, and its formats of numbers and dates.
pub(super) trait Localization: Send + Sync {
    /// The BCP 47 tag of the language.
    fn tag(&self) -> &str;

    /// Returns a message, or an attribute of a message, with its variables filled in, or `None` if the text
    /// does not exist.
    fn message(&self, id: &str, attribute: Option<&str>, args: &[(&str, Arg)]) -> Option<String>;

    /// Formats a number.
    fn number(&self, number: f64) -> String;

    /// Formats a whole number with all its digits.
    fn integer(&self, number: i128) -> String;

    /// Formats a date.
    fn date(&self, on: NaiveDate) -> String;

    /// Formats a date and a time to the minute.
    fn date_time(&self, on: DateTime<Utc>) -> String;
}
