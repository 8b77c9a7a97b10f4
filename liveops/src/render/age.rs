//! The age filter of the operation list for staff.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    language::{Language, Text},
    parse_error::ParseError,
};

/// A filter on the time since an operation was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age {
    name: &'static str,
    hours: u32,
    is_over: bool,
}

impl Age {
    /// All ages that the filter offers.
    pub(crate) const ALL: [Self; 7] = [
        Self::within("1h", 1),
        Self::within("1d", 24),
        Self::within("7d", 7 * 24),
        Self::within("30d", 30 * 24),
        Self::over("over_1d", 24),
        Self::over("over_7d", 7 * 24),
        Self::over("over_30d", 30 * 24),
    ];

    const fn within(name: &'static str, hours: u32) -> Self {
        Self { name, hours, is_over: false }
    }

    const fn over(name: &'static str, hours: u32) -> Self {
        Self { name, hours, is_over: true }
    }

    /// The name of the age in a URL.
    pub(crate) const fn as_str(self) -> &'static str {
        self.name
    }

    /// Returns the earliest creation time of operations of this age at `now`; `None` if the age has no such
    /// bound.
    pub(crate) fn made_since(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (!self.is_over).then(|| self.before(now))
    }

    /// Returns the time before which operations of this age were created at `now`; `None` if the age has no
    /// such bound.
    pub(crate) fn made_before(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.is_over.then(|| self.before(now))
    }

    fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::hours(self.hours.into())
    }

    pub(super) fn in_words(self, language: &Language) -> String {
        let days = || [("days", (self.hours / 24).into())];
        match (self.is_over, self.hours) {
            (false, 1) => language.translate(Text::WithinHour),
            (false, _) => language.translate_with(Text::WithinDays, days()),
            (true, _) => language.translate_with(Text::OlderThanDays, days()),
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The names of [`Age::ALL`], for the error.
const NAMES: &str = "1h, 1d, 7d, 30d, over_1d, over_7d or over_30d";

impl FromStr for Age {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.into_iter().find(|age| age.name == text);
        named.ok_or_else(|| ParseError::new(NAMES, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_to_their_ages_and_errors_list_them() {
        let error = "2h".parse::<Age>().unwrap_err().to_string();
        for age in Age::ALL {
            assert_eq!(age.as_str().parse(), Ok(age));
            assert!(error.contains(age.as_str()), "{error}");
        }
    }

    #[test]
    fn an_age_has_one_bound() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(60);
        let sides = |age: Age| (age.made_since(now), age.made_before(now));
        let week = Some(DateTime::UNIX_EPOCH + TimeDelta::days(53));
        assert_eq!(sides("7d".parse().unwrap()), (week, None));
        assert_eq!(sides("over_7d".parse().unwrap()), (None, week));
    }

    #[test]
    fn ages_are_formatted_in_days() {
        let formatted = Age::ALL.map(|age| age.in_words(&Language::default()));
        assert_eq!(
            formatted[..3],
            ["Within the last hour", "Within the last day", "Within the last 7 days"]
        );
        assert_eq!(formatted[6], "More than 30 days ago");
    }
}
