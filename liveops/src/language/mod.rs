//! Texts for people, in their language.
//!
//! Owns the texts of liveops itself, which are [Fluent](https://projectfluent.org) messages in
//! `liveops/texts`, and the formats of numbers, dates and durations. English is built in;
//! `i18n` adds the other languages and the texts of the application. Knows nothing of the place where
//! a text is shown.

mod arg;
mod english;
mod i18n;
#[expect(clippy::module_inception, reason = "one of the languages, beside the set of them")]
mod language;
mod localization;
mod operation_texts;
mod text;

pub use arg::Arg;
pub use i18n::{LanguageError, Languages, MissingText};
pub use language::Language;
pub(crate) use text::Text;
