//! The error of every text form in this crate.

use std::borrow::Cow;

/// The error for a text that is not a valid value: an ID, a state, a stage, a cursor, a region and so on.
///
/// ```
/// use liveops::OperationState;
///
/// let error = "DONE".parse::<OperationState>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expected NOT_STARTED, STARTED, FINISHED_OK, FINISHED_ERROR or CANCELLED, found `DONE`"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found `{found}`")]
pub struct ParseError {
    expected: Cow<'static, str>,
    found: String,
}

impl ParseError {
    /// Creates the error for the text `found`. `expected` describes the valid texts.
    pub(crate) fn new(expected: impl Into<Cow<'static, str>>, found: &str) -> Self {
        Self { expected: expected.into(), found: found.to_owned() }
    }
}
