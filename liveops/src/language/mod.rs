//! What is said to people, in their language.
//!
//! Owns the texts of liveops itself, which are [Fluent](https://projectfluent.org) messages in
//! `liveops/texts`, takes in those of the application, and knows how a language writes numbers, dates
//! and durations. Refuses to know where a text is shown.

mod arg;
mod error;
mod formats;
#[expect(clippy::module_inception, reason = "one of the languages, beside the set of them")]
mod language;
mod languages;
mod operation_texts;
mod text;

#[cfg(test)]
mod tests;

pub use arg::Arg;
pub use error::LanguageError;
pub use language::Language;
pub use languages::Languages;
pub use operation_texts::MissingText;
pub(crate) use operation_texts::name_of;
pub(crate) use text::Text;
