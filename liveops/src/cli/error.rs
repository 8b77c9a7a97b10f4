use std::{error::Error, process::ExitCode};

use super::print;

/// Any error: what an application may end a command with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(super) struct CommandError {
    pub(super) message: String,
    pub(super) exit_code: u8,
}

/// It could not be done.
pub(super) const FAILED: u8 = 1;

/// What was asked for makes no sense.
pub(super) const USAGE: u8 = 2;

impl CommandError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: FAILED }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit_code: USAGE }
    }

    /// Says what is wrong, where errors are said.
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

/// An error and what caused it, on one line. Some errors repeat what caused them; the line does not.
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
