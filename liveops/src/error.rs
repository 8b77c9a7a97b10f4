//! How a run ends when it does not end well.

use std::{error::Error as StdError, fmt};

type BoxError = Box<dyn StdError + Send + Sync>;

/// What [`Run::run`](crate::Run::run) returns.
pub type RunResult<T> = Result<T, RunError>;

/// Why a run ended without an output.
///
/// `?` turns any error into one, a `&str` and a `String` too. Such an error is *internal*: the
/// owner of the operation reads a neutral sentence, and the error with its whole chain of sources
/// goes to the operation's traceback, for staff. An error meant for the owner's eyes is made with
/// [`RunError::user`].
///
/// A [`Cancelled`] passed on with `?` ends the run as cancelled, which is not a failure.
///
/// ```
/// use liveops::{RunError, RunResult};
///
/// fn header(csv: &str) -> RunResult<&str> {
///     csv.lines().next().ok_or_else(|| RunError::user("The file has no header"))
/// }
///
/// fn count(csv: &str) -> RunResult<u32> {
///     Ok(header(csv)?.parse()?) // a number that does not parse is an internal error
/// }
///
/// assert_eq!(count("").unwrap_err().user_message(), Some("The file has no header"));
/// assert_eq!(count("x").unwrap_err().user_message(), None);
/// ```
pub struct RunError {
    kind: Kind,
    is_final: bool,
}

enum Kind {
    Cancelled,
    User { message: String, source: Option<BoxError> },
    Internal(BoxError),
}

impl Kind {
    fn into_error(self) -> RunError {
        RunError { kind: self, is_final: false }
    }
}

impl RunError {
    /// An error whose message the owner of the operation reads, word for word.
    pub fn user(message: impl Into<String>) -> Self {
        Kind::User { message: message.into(), source: None }.into_error()
    }

    /// Like [`user`](Self::user), with the error behind it kept for the traceback.
    pub fn user_because(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Kind::User { message: message.into(), source: Some(source.into()) }.into_error()
    }

    /// The same error, after which there is no other attempt even if there might be: for what will not
    /// get better.
    ///
    /// ```
    /// use liveops::RunError;
    ///
    /// let error = RunError::user("The file has no header").without_retry();
    /// assert!(error.is_final());
    /// ```
    #[must_use]
    pub fn without_retry(self) -> Self {
        Self { is_final: true, ..self }
    }

    /// Whether there is no other attempt after this error, even if there might be.
    pub fn is_final(&self) -> bool {
        self.is_final
    }

    /// Whether the run ended because it was asked to.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled)
    }

    /// The message for the owner of the operation; `None` for an internal error.
    pub fn user_message(&self) -> Option<&str> {
        match &self.kind {
            Kind::User { message, .. } => Some(message),
            Kind::Cancelled | Kind::Internal(_) => None,
        }
    }

    /// The error and every source behind it, a line each: what staff read.
    pub fn traceback(&self) -> String {
        let mut lines = vec![self.to_string()];
        let mut source = self.source();
        while let Some(error) = source {
            lines.push(format!("caused by: {error}"));
            source = error.source();
        }
        lines.join("\n")
    }

    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::Cancelled => None,
            Kind::User { source, .. } => source.as_deref().map(|error| error as _),
            Kind::Internal(error) => error.source(),
        }
    }
}

// `RunError` is no `std::error::Error`, so that this conversion can exist beside the reflexive one.
impl<E: Into<BoxError>> From<E> for RunError {
    fn from(error: E) -> Self {
        let error = error.into();
        if error.is::<Cancelled>() {
            Kind::Cancelled.into_error()
        } else {
            Kind::Internal(error).into_error()
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled => Cancelled.fmt(f),
            Kind::User { message, .. } => f.write_str(message),
            Kind::Internal(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceback())
    }
}

/// The operation was asked to stop: pass it on with `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancellation_survives_the_question_mark() {
        fn stopped() -> RunResult<()> {
            Err(Cancelled)?;
            Ok(())
        }
        let error = stopped().unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.user_message(), None);
    }

    #[test]
    fn texts_are_internal_errors() {
        let error = RunError::from("the disk is full");
        assert!(!error.is_cancelled());
        assert_eq!((error.to_string().as_str(), error.user_message()), ("the disk is full", None));
    }

    #[test]
    fn the_traceback_tells_every_source() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = RunError::user_because("The file is gone", cause);
        assert_eq!(error.traceback(), "The file is gone\ncaused by: no such file");
    }
}
