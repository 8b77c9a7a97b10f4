//! The texts that liveops shows to users, in their language.
//!
//! Owns the texts of liveops, which are [Fluent](https://projectfluent.org) messages in `liveops/texts`, and
//! the formats of numbers, dates and durations. English is built in; the feature `i18n` adds the other
//! languages and the texts of the application. Does not know the pages that show the texts.

mod arg;
mod english;
#[cfg(feature = "i18n")]
mod i18n;
#[expect(clippy::module_inception, reason = "one of the languages, beside the set of them")]
mod language;
mod localization;
#[cfg(not(feature = "i18n"))]
mod only_english;
mod operation_texts;
mod text;

pub use arg::Arg;
#[cfg(feature = "i18n")]
pub use i18n::{LanguageError, Languages, MissingText};
pub use language::Language;
#[cfg(not(feature = "i18n"))]
pub use only_english::Languages;
pub(crate) use operation_texts::name_of;
pub(crate) use text::Text;
