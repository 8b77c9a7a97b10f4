/// Texts that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LanguageError {
    /// What names the language does not.
    #[error("expected a language as a BCP 47 tag such as `pl` or `zh-Hans`, found `{found}`")]
    Tag {
        /// What was given.
        found: String,
    },
    /// The texts are not Fluent messages.
    #[error("the texts for `{tag}`: line {line}: {flaw}")]
    Messages {
        /// The language.
        tag: String,
        /// Where the first mistake is, from 1.
        line: usize,
        /// What is wrong there.
        flaw: String,
    },
    /// There are no texts in the language that was to be the default.
    #[error("expected one of the languages there are texts in ({known}), found `{found}`")]
    Unknown {
        /// What was given.
        found: String,
        /// The languages there are.
        known: String,
    },
}
