//! How a run ends when it does not end well.

use std::{error::Error as StdError, fmt, iter};

use crate::projection::{ERROR_BYTES_MAX, kept};

/// How many errors of a chain a traceback tells: more than there are, unless one is its own source.
const CHAIN_LEN_MAX: usize = 100;

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
/// Superusers read the traceback on the operation's page and in its JSON. A panic has one too: its
/// message, and where it happened.
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
    /// let error = RunError::user("The file has no header").without_next_attempt();
    /// assert!(error.is_final());
    /// ```
    #[must_use]
    pub fn without_next_attempt(self) -> Self {
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
    ///
    /// What an error repeats of its source is not said again. Of a message the first 8 KiB are
    /// given, and of a chain the first 100 errors.
    pub fn traceback(&self) -> String {
        let mut told = self.to_string();
        let mut traceback = kept(&told, ERROR_BYTES_MAX).into_owned();
        let sources = iter::successors(self.source(), |&error| error.source());
        for source in sources.take(CHAIN_LEN_MAX - 1) {
            let cause = source.to_string();
            if !told.ends_with(&cause) {
                traceback.push_str("\ncaused by: ");
                traceback.push_str(&kept(&cause, ERROR_BYTES_MAX));
                told = cause;
            }
        }
        traceback
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

    #[derive(Debug, thiserror::Error)]
    enum Chained {
        #[error("failed to read: {0}")]
        Repeats(#[source] Box<Self>),
        #[error(transparent)]
        Transparent(Box<Self>),
        #[error("failed to import")]
        Fails(#[source] Box<Self>),
        #[error("the disk is full")]
        Full,
    }

    #[test]
    fn the_traceback_does_not_repeat_what_an_error_repeats_of_its_source() {
        let read = Chained::Repeats(Box::new(Chained::Transparent(Box::new(Chained::Full))));
        let error = RunError::from(Chained::Fails(Box::new(read)));
        assert_eq!(
            error.traceback(),
            "failed to import\ncaused by: failed to read: the disk is full"
        );
        let again = Chained::Repeats(Box::new(Chained::Fails(Box::new(Chained::Full))));
        assert_eq!(
            RunError::from(again).traceback(),
            "failed to read: failed to import\ncaused by: the disk is full"
        );
    }

    #[derive(Debug)]
    struct Endless(&'static str);

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Endless {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            static FIRST: Endless = Endless("first");
            static SECOND: Endless = Endless("second");
            Some(if self.0 == "first" { &SECOND } else { &FIRST })
        }
    }

    #[test]
    fn a_chain_without_an_end_is_told_as_far_as_it_is_bearable() {
        let traceback = RunError::from(Endless("first")).traceback();
        assert_eq!(traceback.lines().count(), CHAIN_LEN_MAX);
    }

    #[test]
    fn the_cause_is_told_however_long_the_error_in_front_of_it_is() {
        let error = RunError::user_because("x".repeat(1 << 20), "the disk is full");
        let traceback = error.traceback();
        assert!(traceback.len() < 2 * ERROR_BYTES_MAX, "{} bytes", traceback.len());
        assert!(traceback.ends_with("bytes]\ncaused by: the disk is full"), "{traceback}");
    }
}
