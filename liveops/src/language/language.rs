//! One language with its texts and formats.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Arg, Text,
    english::English,
    localization::Localization,
    operation_texts::{stage_attribute, title_message},
};
use crate::operation::OperationKind;

/// A language: its texts and its formats of numbers, dates and durations.
///
/// Cheap to clone. [`Languages`](super::Languages) returns languages, and a run gets its language from
/// [`Progress::language`](crate::Progress::language).
#[derive(Clone)]
pub struct Language(Arc<dyn Localization>);

impl Language {
    pub(super) fn new(localization: impl Localization + 'static) -> Self {
        Self(Arc::new(localization))
    }

    /// Returns the BCP 47 tag, such as `pl` or `de-CH`.
    pub fn tag(&self) -> &str {
        self.0.tag()
    }

    /// Returns a text of the application with the values of its variables, or `None` if the application has
    /// no text with this ID in this language and none in the default language.
    ///
    /// ```
    /// use liveops::language::Languages;
    ///
    /// let languages = Languages::new().with(
    ///     "pl",
    ///     "rows-saved = { $rows ->
    ///         [one] Zapisano { $rows } wiersz
    ///         [few] Zapisano { $rows } wiersze
    ///        *[other] Zapisano { $rows } wierszy
    ///     }",
    /// )?;
    /// let polish = languages.find("pl-PL");
    /// assert_eq!(polish.text("rows-saved", [("rows", 3.0.into())]).unwrap(), "Zapisano 3 wiersze");
    /// # Ok::<(), liveops::language::LanguageError>(())
    /// ```
    pub fn text<'a>(
        &self,
        id: &str,
        args: impl IntoIterator<Item = (&'a str, Arg)>,
    ) -> Option<String> {
        self.message(id, None, args)
    }

    /// Formats a number: `1,234.5`, `1 234,5`.
    pub fn number(&self, number: f64) -> String {
        self.0.number(number)
    }

    /// Formats a whole number with all its digits: `1,234`, `1234`.
    pub(crate) fn integer(&self, number: i128) -> String {
        self.0.integer(number)
    }

    /// Formats a date: `21 lis 2026`.
    pub fn date(&self, on: NaiveDate) -> String {
        self.0.date(on)
    }

    /// Formats a time as a date and a time in UTC: `21 lis 2026, 18:30`.
    pub fn date_time(&self, on: DateTime<Utc>) -> String {
        self.0.date_time(on)
    }

    /// Formats a duration with its two largest units: `1 h 5 min`, `2 min 10 s`, `8 s`, or `0.25 s` below one
    /// second.
    pub fn duration(&self, duration: Duration) -> String {
        if duration < Duration::from_secs(1) {
            let seconds = duration.as_millis() as f64 / 1_000.0;
            return self.translate_with(Text::Seconds, [("seconds", seconds.into())]);
        }
        let seconds = duration.as_secs();
        let (h, min, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        match (h, min) {
            (0, 0) => self.translate_with(Text::Seconds, [("seconds", s.into())]),
            (0, _) => {
                let args = [("minutes", min.into()), ("seconds", s.into())];
                self.translate_with(Text::MinutesSeconds, args)
            }
            _ => {
                let args = [("hours", h.into()), ("minutes", min.into())];
                self.translate_with(Text::HoursMinutes, args)
            }
        }
    }

    /// Formats a number of bytes in the largest unit that fits, rounded up to a tenth: `32 MB` for 32 MiB.
    pub(crate) fn size(&self, bytes: u64) -> String {
        const KILOBYTE: u64 = 1 << 10;
        let (unit, text) = match bytes {
            0..KILOBYTE => return self.translate_with(Text::SizeBytes, [("count", bytes.into())]),
            KILOBYTE..0x10_0000 => (KILOBYTE, Text::SizeKilobytes),
            0x10_0000..0x4000_0000 => (1 << 20, Text::SizeMegabytes),
            _ => (1 << 30, Text::SizeGigabytes),
        };
        let tenths = (u128::from(bytes) * 10).div_ceil(unit.into());
        self.translate_with(text, [("count", Arg::Number(tenths as f64 / 10.0))])
    }

    /// Returns the title of this kind of operation.
    pub(crate) fn title(&self, kind: &OperationKind) -> Cow<'static, str> {
        let title = self.message(&title_message(kind.op_type), None, []);
        title.map_or(Cow::Borrowed(kind.title), Cow::Owned)
    }

    /// Returns the labels of the stages of this kind of operation, in order.
    pub(crate) fn stages(&self, kind: &OperationKind) -> Vec<Cow<'static, str>> {
        let label = |(index, label): (usize, &&'static str)| {
            self.attribute(kind, &stage_attribute(kind.stages, index), label)
        };
        kind.stages.iter().enumerate().map(label).collect()
    }

    /// Returns a text of the application about an operation, or else the declared text.
    pub(crate) fn attribute(
        &self,
        kind: &OperationKind,
        attribute: &str,
        declared: &'static str,
    ) -> Cow<'static, str> {
        let message = title_message(kind.op_type);
        let translated = self.message(&message, Some(attribute), []);
        translated.map_or(Cow::Borrowed(declared), Cow::Owned)
    }

    /// Returns a text of liveops.
    pub(crate) fn translate(&self, text: Text) -> String {
        self.translate_with(text, [])
    }

    pub(crate) fn translate_with<'a>(
        &self,
        text: Text,
        args: impl IntoIterator<Item = (&'a str, Arg)>,
    ) -> String {
        let translated = self.message(text.id(), None, args);
        translated.unwrap_or_else(|| text.id().to_owned())
    }

    /// Returns a message, or an attribute of a message, with its variables filled in.
    fn message<'a>(
        &self,
        id: &str,
        attribute: Option<&str>,
        args: impl IntoIterator<Item = (&'a str, Arg)>,
    ) -> Option<String> {
        let args: Vec<_> = args.into_iter().collect();
        self.0.message(id, attribute, &args)
    }
}

impl Default for Language {
    /// Returns English, without texts of the application.
    fn default() -> Self {
        Self::new(English)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Language").field(&self.tag()).finish()
    }
}
