//! The error of a command, with its exit code.

use std::{error::Error, process::ExitCode};

use super::print;

/// Any error with which an application can end a command.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The error of a command.
#[derive(Debug)]
pub(super) struct CommandError {
    pub(super) message: String,
    pub(super) exit_code: u8,
}

/// Exit code of a command that failed.
pub(super) const FAILED: u8 = 1;

/// Exit code for a wrong command line or input.
pub(super) const USAGE: u8 = 2;

impl CommandError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: FAILED }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: USAGE }
    }

    /// Prints the message to standard error, and returns the exit code.
    pub(super) fn report(&self) -> ExitCode {
        print::error(&self.message);
        ExitCode::from(self.exit_code)
    }
}

impl<E: Into<BoxError>> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::new(chain(&*error.into()))
    }
}

/// Returns an error and its causes on one line. A cause that its error's message already ends with is
/// left out.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        source = error.source();
    }
    text
}
