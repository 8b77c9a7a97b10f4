//! The error of a run: a failure with a message for the owner, an internal failure, or a cancellation.

use std::{error::Error as StdError, fmt, iter};

use crate::projection::{ERROR_BYTES_MAX, kept};

/// Maximum number of errors of a chain in a traceback. A real chain is shorter; an error that is its
/// own source never ends.
const CHAIN_LEN_MAX: usize = 100;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The return type of [`Run::run`](crate::Run::run).
///
/// [`RunError`] has an example.
pub type RunResult<T> = Result<T, RunError>;

/// The reason why a run ended without an output.
///
/// `?` converts any error into a `RunError`, also a `&str` and a `String`. The result is an *internal*
/// error: the owner of the operation reads a neutral sentence, and the error with its whole chain of
/// sources goes to the operation's traceback. [`RunError::user`] makes an error with a message for the
/// owner.
///
/// Staff read the traceback on the operation's page and in its JSON. The traceback of a panic is its
/// message and its location in the code.
///
/// A [`Cancelled`] returned with `?` ends the run as cancelled. A cancelled run has not failed.
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
    kind: ErrorKind,
    is_final: bool,
}

enum ErrorKind {
    Cancelled,
    User { message: String, source: Option<BoxError> },
    Internal(BoxError),
}

impl ErrorKind {
    fn into_error(self) -> RunError {
        RunError { kind: self, is_final: false }
    }
}

impl RunError {
    /// Makes an error whose message is shown to the owner of the operation, unchanged.
    pub fn user(message: impl Into<String>) -> Self {
        ErrorKind::User { message: message.into(), source: None }.into_error()
    }

    /// Makes an error like [`user`](Self::user), with its cause for the traceback.
    pub fn user_because(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        ErrorKind::User { message: message.into(), source: Some(source.into()) }.into_error()
    }

    /// Makes this error final: the operation gets no next attempt, even if it has attempts left. For an
    /// error that another attempt cannot avoid.
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

    /// Returns `true` if no next attempt follows this error, even if the operation has attempts left.
    pub fn is_final(&self) -> bool {
        self.is_final
    }

    /// Returns `true` if the run ended because it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, ErrorKind::Cancelled)
    }

    /// Returns the message for the owner of the operation; `None` for an internal error or a cancellation.
    pub fn user_message(&self) -> Option<&str> {
        match &self.kind {
            ErrorKind::User { message, .. } => Some(message),
            ErrorKind::Cancelled | ErrorKind::Internal(_) => None,
        }
    }

    /// Returns the error itself, for an error without a message for the user.
    pub(crate) fn internal(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            ErrorKind::Internal(error) => Some(error.as_ref()),
            _ => None,
        }
    }

    /// Returns the traceback for staff: the error and every source, one per line.
    ///
    /// A source that its error's message already ends with is left out. Messages are cut after 8 KiB, and
    /// chains after 100 errors.
    pub fn traceback(&self) -> String {
        let mut previous = self.to_string();
        let mut traceback = kept(&previous, ERROR_BYTES_MAX).into_owned();
        let sources = iter::successors(self.source(), |&error| error.source());
        for source in sources.take(CHAIN_LEN_MAX - 1) {
            let cause = source.to_string();
            if !previous.ends_with(&cause) {
                traceback.push_str("\ncaused by: ");
                traceback.push_str(&kept(&cause, ERROR_BYTES_MAX));
                previous = cause;
            }
        }
        traceback
    }

    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            ErrorKind::Cancelled => None,
            ErrorKind::User { source, .. } => source.as_deref().map(|error| error as _),
            ErrorKind::Internal(error) => error.source(),
        }
    }
}

// `RunError` does not implement `std::error::Error`: this conversion would then conflict with the
// reflexive `From<T> for T`.
impl<E: Into<BoxError>> From<E> for RunError {
    fn from(error: E) -> Self {
        let error = error.into();
        if error.is::<Cancelled>() {
            ErrorKind::Cancelled.into_error()
        } else {
            ErrorKind::Internal(error).into_error()
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Cancelled => Cancelled.fmt(f),
            ErrorKind::User { message, .. } => f.write_str(message),
            ErrorKind::Internal(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.traceback())
    }
}

/// The error of a cancellation check after the operation was cancelled. Return it with `?`.
///
/// ```
/// use liveops::{LiveOperation, Progress, Run, RunResult, testing};
/// # use serde::{Deserialize, Serialize};
/// # async fn load(_: &str) -> RunResult<()> { Ok(()) }
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// struct Import {
///     files: Vec<String>,
/// }
///
/// impl Run for Import {
///     type Output = ();
///
///     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
///         for file in &self.files {
///             p.check_cancelled()?; // returns `Cancelled` after a cancellation request
///             load(file).await?;
///         }
///         Ok(())
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let import = Import { files: vec!["a.csv".into(), "b.csv".into()] };
/// testing::run(import).cancel_after(1).await.expect_cancelled();
/// # }
/// ```
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
    fn the_traceback_lists_every_source() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = RunError::user_because("The file is gone", cause);
        assert_eq!(error.traceback(), "The file is gone\ncaused by: no such file");
    }

    #[derive(Debug, thiserror::Error)]
    enum NestedError {
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
    fn the_traceback_leaves_out_a_source_that_its_error_repeats() {
        let full = NestedError::Transparent(Box::new(NestedError::Full));
        let read = NestedError::Repeats(Box::new(full));
        let error = RunError::from(NestedError::Fails(Box::new(read)));
        assert_eq!(
            error.traceback(),
            "failed to import\ncaused by: failed to read: the disk is full"
        );
        let failed = NestedError::Fails(Box::new(NestedError::Full));
        let again = NestedError::Repeats(Box::new(failed));
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
    fn the_traceback_of_an_endless_chain_is_bounded() {
        let traceback = RunError::from(Endless("first")).traceback();
        assert_eq!(traceback.lines().count(), CHAIN_LEN_MAX);
    }

    #[test]
    fn the_traceback_lists_the_cause_of_an_error_with_a_long_message() {
        let error = RunError::user_because("x".repeat(1 << 20), "the disk is full");
        let traceback = error.traceback();
        assert!(traceback.len() < 2 * ERROR_BYTES_MAX, "{} bytes", traceback.len());
        assert!(traceback.ends_with("bytes]\ncaused by: the disk is full"), "{traceback}");
    }
}
