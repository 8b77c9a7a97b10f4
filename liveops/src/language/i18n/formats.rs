//! The formats of numbers and dates of a language, from the data of the Unicode CLDR.

use std::convert::Infallible;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use fluent_bundle::FluentValue;
use icu_calendar::{Date, Gregorian};
use icu_datetime::{
    FixedCalendarDateTimeFormatter,
    fieldsets::{YMD, YMDT},
    input,
};
use icu_decimal::{DecimalFormatter, input::Decimal};
use icu_locale_core::Locale;
use intl_memoizer::{Memoizable, concurrent::IntlLangMemoizer};
use unic_langid::LanguageIdentifier;

/// A formatter of numbers with the separators of a language. Without data for the language, numbers are
/// plain.
struct Numbers(Option<DecimalFormatter>);

impl Memoizable for Numbers {
    type Args = ();
    type Error = Infallible;

    fn construct(language: LanguageIdentifier, (): ()) -> Result<Self, Infallible> {
        let locale = locale(&language);
        Ok(Self(DecimalFormatter::try_new(locale.into(), Default::default()).ok()))
    }
}

impl Numbers {
    fn write(&self, number: f64) -> String {
        // The digits of the standard library, as in the built-in English: the conversion from a floating-point number
        // may choose another last digit that is as near.
        let digits = number.to_string();
        match digits.parse() {
            Ok(decimal) => self.write_decimal(&decimal),
            Err(_) => digits,
        }
    }

    fn write_decimal(&self, decimal: &Decimal) -> String {
        match &self.0 {
            Some(formatter) => formatter.format(decimal).to_string(),
            None => decimal.to_string(),
        }
    }
}

/// A formatter of dates.
struct Days(Option<FixedCalendarDateTimeFormatter<Gregorian, YMD>>);

impl Memoizable for Days {
    type Args = ();
    type Error = Infallible;

    fn construct(language: LanguageIdentifier, (): ()) -> Result<Self, Infallible> {
        let locale = locale(&language);
        Ok(Self(FixedCalendarDateTimeFormatter::try_new(locale.into(), YMD::medium()).ok()))
    }
}

impl Days {
    fn write(&self, on: NaiveDate) -> String {
        let written = self.0.as_ref().zip(day(on));
        let written = written.map(|(formatter, day)| formatter.format(&day).to_string());
        written.unwrap_or_else(|| on.format("%Y-%m-%d").to_string())
    }
}

fn day(on: NaiveDate) -> Option<Date<Gregorian>> {
    let (month, day) = (u8::try_from(on.month()).ok()?, u8::try_from(on.day()).ok()?);
    Date::try_new_gregorian(on.year(), month, day).ok()
}

/// A formatter of dates with a time to the minute.
struct Moments(Option<FixedCalendarDateTimeFormatter<Gregorian, YMDT>>);

impl Memoizable for Moments {
    type Args = ();
    type Error = Infallible;

    fn construct(language: LanguageIdentifier, (): ()) -> Result<Self, Infallible> {
        let locale = locale(&language);
        let fields = YMD::medium().with_time_hm();
        Ok(Self(FixedCalendarDateTimeFormatter::try_new(locale.into(), fields).ok()))
    }
}

impl Moments {
    fn write(&self, on: DateTime<Utc>) -> String {
        let written = self.0.as_ref().zip(moment(on));
        let written = written.map(|(formatter, moment)| formatter.format(&moment).to_string());
        written.unwrap_or_else(|| on.format("%Y-%m-%d %H:%M").to_string())
    }
}

fn moment(on: DateTime<Utc>) -> Option<input::DateTime<Gregorian>> {
    let [hour, minute, second] = [on.hour(), on.minute(), on.second()]
        .map(|number| u8::try_from(number).unwrap_or_default());
    Some(input::DateTime {
        date: day(on.date_naive())?,
        time: input::Time::try_new(hour, minute, second, 0).ok()?,
    })
}

/// Converts a language. Both types implement BCP 47, so every tag of one type parses as the other.
fn locale(language: &LanguageIdentifier) -> Locale {
    language.to_string().parse().unwrap_or(Locale::UNKNOWN)
}

pub(super) fn number(number: f64, intls: &IntlLangMemoizer) -> String {
    let Ok(text) = intls.with_try_get::<Numbers, _, _>((), |numbers| numbers.write(number));
    text
}

pub(super) fn integer(number: i128, intls: &IntlLangMemoizer) -> String {
    let write = |numbers: &Numbers| numbers.write_decimal(&Decimal::from(number));
    let Ok(text) = intls.with_try_get::<Numbers, _, _>((), write);
    text
}

pub(super) fn day_in_words(on: NaiveDate, intls: &IntlLangMemoizer) -> String {
    let Ok(text) = intls.with_try_get::<Days, _, _>((), |days| days.write(on));
    text
}

pub(super) fn moment_in_words(on: DateTime<Utc>, intls: &IntlLangMemoizer) -> String {
    let Ok(text) = intls.with_try_get::<Moments, _, _>((), |moments| moments.write(on));
    text
}

/// Formats a value in a message. Fluent calls this before its own formatting.
pub(super) fn value(value: &FluentValue<'_>, intls: &IntlLangMemoizer) -> Option<String> {
    match value {
        FluentValue::Number(found) => Some(number(found.value, intls)),
        _ => None,
    }
}
