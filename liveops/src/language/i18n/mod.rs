//! Languages other than the built-in English, and the texts of the application.
//!
//! Owns Fluent, which evaluates the messages, and ICU, which formats numbers and dates.

mod error;
mod fluent;
mod formats;
mod languages;
mod missing_text;

#[cfg(test)]
mod tests;

pub use error::LanguageError;
pub use languages::Languages;
pub use missing_text::MissingText;
