//! Plain lines for a file or another program. The reader keeps every line, so the output has few lines: bars and
//! statuses have at most one line every few seconds.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use super::human::{Screen, Tone};
use crate::{
    event::Bar,
    language::Language,
    plain_text::escape_line,
    render::{bar_text, stopped_bar_text},
};

/// Time between two lines of statuses, and between two lines of a bar without a total.
const INTERVAL: Duration = Duration::from_secs(5);

/// Maximum time between two lines of a bar that moves slowly.
const SLOW_INTERVAL: Duration = Duration::from_secs(30);

/// Number of lines that bars of one stage may write at each tenth. After these lines, a line of a bar has to wait for
/// [`INTERVAL`].
const TENTHS_MAX: u32 = 20;

/// A screen of plain lines, for a file or another program.
pub(super) struct Plain<W> {
    out: W,
    language: Language,
    now: fn() -> Instant,
    bar: BarLines,
    statuses: StatusLines,
}

/// The lines of the bars of one stage.
struct BarLines {
    /// The tenth of the bar at its newest position.
    tenths: u32,
    /// The number of lines.
    count: u32,
    /// The time of the newest line, or of the first position.
    written: Option<Instant>,
    /// The newest position of a bar without a total, if no line shows it.
    unwritten: Option<Bar>,
}

/// The statuses that wait to be written.
#[derive(Default)]
struct StatusLines {
    written: Option<Instant>,
    /// The newest warning or error.
    problem: Option<(Tone, String)>,
    /// The newest status that is neither, if it is newer than `problem`.
    newest: Option<(Tone, String)>,
}

impl BarLines {
    const fn new() -> Self {
        Self { tenths: 0, count: 0, written: None, unwritten: None }
    }
}

impl StatusLines {
    fn is_empty(&self) -> bool {
        self.problem.is_none() && self.newest.is_none()
    }

    fn add(&mut self, tone: Tone, line: &str) {
        let status = Some((tone, line.to_owned()));
        if tone == Tone::Plain {
            self.newest = status;
        } else {
            (self.problem, self.newest) = (status, None);
        }
    }

    /// Returns the remaining time until a status may be written.
    fn wait(&self, now: Instant) -> Duration {
        let waited = self.written.map_or(INTERVAL, |written| now.duration_since(written));
        INTERVAL.saturating_sub(waited)
    }
}

impl<W: Write + Send> Plain<W> {
    pub(super) fn new(out: W, language: Language) -> Self {
        Self::with_clock(out, language, Instant::now)
    }

    pub(super) fn with_clock(out: W, language: Language, now: fn() -> Instant) -> Self {
        let (bar, statuses) = (BarLines::new(), StatusLines::default());
        Self { out, language, now, bar, statuses }
    }

    fn write_statuses(&mut self) {
        let statuses = [self.statuses.problem.take(), self.statuses.newest.take()];
        for (tone, line) in statuses.into_iter().flatten() {
            self.lines(tone, &line);
            self.statuses.written = Some((self.now)());
        }
    }

    fn lines(&mut self, tone: Tone, text: &str) {
        text.lines().for_each(|line| self.line(tone, line));
    }

    /// Writes one line when the bar has reached a new tenth, even if it skipped several. Otherwise writes a line at
    /// long intervals.
    fn show(&mut self, bar: &Bar) {
        let now = (self.now)();
        let since = now.duration_since(*self.bar.written.get_or_insert(now));
        let is_due = match bar.fraction() {
            None => since >= INTERVAL,
            Some(fraction) => {
                let tenths = (fraction * 10.0).floor() as u32;
                let is_new = tenths > self.bar.tenths;
                self.bar.tenths = tenths;
                let wait = if self.bar.count < TENTHS_MAX { Duration::ZERO } else { INTERVAL };
                (is_new && since >= wait) || since >= SLOW_INTERVAL
            }
        };
        self.bar.unwritten = None;
        if is_due {
            self.line(Tone::Plain, &escape_line(&bar_text(&self.language, bar)));
            self.bar.written = Some(now);
            self.bar.count += 1;
        } else if bar.fraction().is_none() {
            self.bar.unwritten = Some(bar.clone());
        }
    }
}

impl<W: Write + Send> Screen for Plain<W> {
    fn line(&mut self, _: Tone, line: &str) {
        // A closed pipe must not stop the operation.
        let _ = writeln!(self.out, "{line}");
    }

    fn status(&mut self, tone: Tone, line: &str) {
        self.statuses.add(tone, line);
        if self.statuses.wait((self.now)()).is_zero() {
            self.write_statuses();
        }
    }

    fn bar(&mut self, bar: Option<&Bar>) {
        if let Some(bar) = bar {
            return self.show(bar);
        }
        if let Some(bar) = self.bar.unwritten.take() {
            self.line(Tone::Plain, &escape_line(&stopped_bar_text(&self.language, &bar)));
        }
        self.bar = BarLines::new();
    }

    fn settle(&mut self) {
        self.write_statuses();
    }

    fn write_due(&mut self) -> Option<Duration> {
        let wait = self.statuses.wait((self.now)());
        if self.statuses.is_empty() {
            return None;
        }
        if wait.is_zero() {
            self.write_statuses();
            return None;
        }
        Some(wait)
    }
}
