//! What commands say to whoever typed them. A reader that is gone ends nothing.

use std::{
    fmt,
    io::{self, Write},
};

/// Writes a line to the standard output.
macro_rules! print_line {
    ($($what:tt)*) => { $crate::cli::print::line(format_args!($($what)*)) };
}

pub(super) use print_line;

pub(super) fn line(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{}", escape_control_characters(&what.to_string()));
}

/// Says what is wrong.
pub(super) fn error(what: &str) {
    let _ = writeln!(io::stderr(), "error: {what}");
}

/// Says what a server does: in the application's log, or to whoever started it where there is none.
pub(super) fn log(what: fmt::Arguments<'_>) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!("{what}");
    } else {
        note(&what.to_string());
    }
}

/// Says what belongs to no output.
pub(super) fn note(what: &str) {
    let _ = writeln!(io::stderr(), "{what}");
}

/// A text with its control characters, tabs and ends of lines excepted, spelled out: what an operation
/// says may come from a file of somebody else's, and must not move the cursor.
pub(super) fn escape_control_characters(text: &str) -> String {
    let mut escape_control_characters = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\t' | '\n') {
            escape_control_characters.extend(c.escape_unicode());
        } else {
            escape_control_characters.push(c);
        }
    }
    escape_control_characters
}
