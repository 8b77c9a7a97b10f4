//! The errors in the texts of an application.

/// The error for texts that cannot be used.
///
/// [`Languages`](super::Languages) has an example.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LanguageError {
    /// The tag is not a BCP 47 tag.
    #[error("expected a language as a BCP 47 tag such as `pl` or `zh-Hans`, found `{found}`")]
    Tag {
        /// The tag that was passed.
        found: String,
    },
    /// The texts are not Fluent messages.
    #[error("the texts for `{tag}`: line {line}: {flaw}")]
    Messages {
        /// The language.
        tag: String,
        /// The line of the first mistake, from 1.
        line: usize,
        /// The mistake in this line.
        flaw: String,
    },
    /// No texts exist in the language that was to become the default.
    #[error("expected one of the languages with texts ({known}), found `{found}`")]
    Unknown {
        /// The tag that was passed.
        found: String,
        /// The languages with texts.
        known: String,
    },
}
