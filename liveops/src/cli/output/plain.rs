//! Plain lines for a file or another program.

use std::io::Write;

use super::human::{Screen, Tone};
use crate::{event::Bar, language::Language, render::bar_text};

/// A screen of plain lines, for a file or another program.
pub(super) struct Plain<W> {
    out: W,
    language: Language,
    /// The tenth of the bar in the newest line of the bar.
    tenths: u32,
}

impl<W: Write + Send> Plain<W> {
    pub(super) fn new(out: W, language: Language) -> Self {
        Self { out, language, tenths: 0 }
    }
}

impl<W: Write + Send> Screen for Plain<W> {
    fn line(&mut self, _: Tone, line: &str) {
        // A closed pipe must not stop the operation.
        let _ = writeln!(self.out, "{line}");
    }

    /// Writes one line when the bar has reached a new tenth, even if it skipped several.
    fn bar(&mut self, bar: Option<&Bar>) {
        let fraction = bar.and_then(Bar::fraction).unwrap_or(0.0);
        let tenths = (fraction * 10.0).floor() as u32;
        if let Some(bar) = bar.filter(|_| tenths > self.tenths) {
            self.line(Tone::Plain, &bar_text(&self.language, bar));
        }
        self.tenths = tenths;
    }
}
