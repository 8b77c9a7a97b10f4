//! Printing to standard output and standard error. Write errors are ignored: a closed pipe must not end a
//! command.

use std::{
    fmt,
    io::{self, Write},
};

/// Writes a line to standard output.
macro_rules! print_line {
    ($($text:tt)*) => { $crate::cli::print::line(format_args!($($text)*)) };
}

pub(super) use print_line;

pub(super) fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{}", escape_control_characters(&text.to_string()));
}

/// Writes an error message to standard error.
pub(super) fn error(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Writes a server's message to the application's log, or to standard error if the application has no
/// subscriber for `tracing`.
pub(super) fn log(message: fmt::Arguments<'_>) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!("{message}");
    } else {
        note(&message.to_string());
    }
}

/// Writes a line to standard error, beside the output of the command.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Escapes the control characters of a text, except tabs and newlines: a text of an operation may come from
/// an untrusted file, and must not control the terminal.
pub(super) fn escape_control_characters(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\t' | '\n') {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}
