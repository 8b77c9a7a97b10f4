//! The types that a text in a form can be parsed as.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::Serialize;
use serde_json::{Number, Value};

use super::messages;
use crate::language::Text;

/// The type that the text of a field is parsed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Scalar {
    /// A text.
    Text,
    /// A number without a fraction.
    Whole,
    /// Any number.
    Number,
    /// Any number within the range of an `f32`.
    Single,
    /// A boolean.
    Bool,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// A date and a time with a time zone, UTC if the text has no zone.
    Instant,
    /// The path of a file.
    Path,
    /// A file with its path and its name.
    Upload,
    /// The content of a file, as Base64.
    Content,
}

impl Scalar {
    /// Parses a text into JSON.
    pub(super) fn read(self, text: &str) -> Result<Value, Text> {
        let trimmed = text.trim();
        let value = match self {
            // Browsers send line breaks as CRLF, and old programs as CR.
            Self::Text => Some(text.replace("\r\n", "\n").replace('\r', "\n").into()),
            Self::Path | Self::Upload | Self::Content => Some(text.into()),
            Self::Whole => whole(trimmed),
            Self::Number | Self::Single => whole(trimmed).or_else(|| decimal(trimmed)),
            Self::Bool => bool(trimmed),
            Self::Date => json(trimmed.parse::<NaiveDate>().ok()),
            Self::Time => json(time(trimmed)),
            Self::DateTime => json(date_time(trimmed)),
            Self::Instant => json(instant(trimmed)),
        };
        value.ok_or(messages::expected(self))
    }

    /// Checks that a JSON value is of this type.
    pub(super) fn check(self, value: &Value) -> Result<(), Text> {
        let fits = match (self, value) {
            (Self::Whole, Value::Number(number)) => !number.is_f64(),
            (Self::Number, Value::Number(_)) | (Self::Bool, Value::Bool(_)) => true,
            // A number beyond the range of `f32` would become infinite, which JSON cannot represent.
            (Self::Single, Value::Number(number)) => {
                number.as_f64().is_some_and(|number| (number as f32).is_finite())
            }
            (Self::Text | Self::Path | Self::Upload | Self::Content, Value::String(_)) => true,
            (Self::Upload, Value::Object(file)) => file.get("path").is_some_and(Value::is_string),
            (_, Value::String(text)) if self.is_dated() => self.read(text).is_ok(),
            _ => false,
        };
        if fits { Ok(()) } else { Err(messages::expected(self)) }
    }

    /// Returns `true` for dates and times, whose texts sort by time.
    pub(super) const fn is_dated(self) -> bool {
        matches!(self, Self::Date | Self::Time | Self::DateTime | Self::Instant)
    }
}

fn whole(text: &str) -> Option<Value> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let number =
        text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    number.ok().map(Value::Number)
}

fn decimal(text: &str) -> Option<Value> {
    // `parse` accepts "inf" and "nan", which JSON cannot represent.
    text.parse().ok().and_then(Number::from_f64).map(Value::Number)
}

fn bool(text: &str) -> Option<Value> {
    match text {
        "true" | "on" | "yes" | "1" => Some(true.into()),
        "false" | "off" | "no" | "0" => Some(false.into()),
        _ => None,
    }
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok().or_else(|| text.parse().ok())
}

fn date_time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok().or_else(|| text.parse().ok())
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    zoned.or_else(|| date_time(text).map(|at| at.and_utc()))
}

fn json<T: Serialize>(value: Option<T>) -> Option<Value> {
    value.and_then(|value| serde_json::to_value(value).ok())
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Whole => "integer",
            Self::Number | Self::Single => "number",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "date-time-local",
            Self::Instant => "date-time",
            Self::Path | Self::Upload => "file",
            Self::Content => "base64",
        })
    }
}
