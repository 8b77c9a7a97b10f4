//! Printing to standard output and standard error. Write errors are ignored: a closed pipe must not end a
//! command.

use std::{
    fmt,
    io::{self, Write},
};

use crate::plain_text::{escape, escape_json};

/// Writes a line to standard output.
macro_rules! print_line {
    ($($text:tt)*) => { $crate::cli::print::line(format_args!($($text)*)) };
}

pub(super) use print_line;

pub(super) fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{}", escape(&text.to_string()));
}

/// Writes a text of JSON and a line break to `out`.
pub(super) fn json(mut out: impl Write, json: &str) {
    let _ = writeln!(out, "{}", escape_json(json));
}

/// Writes an error message to standard error.
pub(super) fn error(message: &str) {
    let _ = writeln!(io::stderr(), "error: {}", escape(message));
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
    let _ = writeln!(io::stderr(), "{}", escape(text));
}
