//! The transcript of a recording: its events as text.

use std::fmt::{self, Write};

use super::{Recording, StageOutcome};
use crate::{
    event::{Bar, Ending, Event, Level, LogLine, Measure, Status},
    operation::Stage,
    progress::Run,
};

impl<Op: Run> Recording<Op> {
    /// Returns every event in order, one per line: for a test of the order of events, and for the message
    /// of a failed test.
    ///
    /// The transcript has no times, so it is equal in every run.
    pub fn transcript(&self) -> String {
        let mut text = String::new();
        for at in 0..self.events.len() {
            // Writing to a `String` cannot fail.
            let _ = self.write_event(&mut text, at);
        }
        text
    }

    fn write_event(&self, text: &mut String, at: usize) -> fmt::Result {
        match &self.events[at] {
            Event::Started => writeln!(text, "started"),
            Event::CancelRequested => writeln!(text, "cancel requested"),
            Event::Status(Status { level, text: status }) => {
                writeln!(text, "status{}: {status}", of_level(*level))
            }
            Event::Bar(None) => writeln!(text, "bar: gone"),
            Event::Bar(Some(bar)) => write_bar(text, bar),
            Event::Stage { index, state, .. } => {
                let stage = <Op::Stage as Stage>::NAMES[*index];
                let is_panic = self.outcome_at(at, *state) == StageOutcome::Panicked;
                let how = if is_panic { "panicked" } else { state.as_str() };
                writeln!(text, "stage {stage}: {how}")
            }
            Event::Log(LogLine { level, text: line, .. }) => {
                writeln!(text, "log{}: {line}", of_level(*level))
            }
            Event::Swap { region, html } => writeln!(text, "swap {}: {html}", region.as_str()),
            Event::Append { region, html } => writeln!(text, "append {}: {html}", region.as_str()),
            Event::Redirect(url) => writeln!(text, "redirect to {url}"),
            Event::HandedOver(next) => writeln!(text, "handed over to {}", next.title),
            Event::Ordered(_) => Ok(()),
            Event::Ended(ending) => self.write_ending(text, ending),
        }
    }

    fn write_ending(&self, text: &mut String, ending: &Ending) -> fmt::Result {
        if let Some(next) = self.next() {
            writeln!(text, "chained to {}: {}", next.op_type, next.input)?;
        }
        match ending {
            Ending::Finished(output) => writeln!(text, "finished: {output}"),
            Ending::Failed(message) => writeln!(text, "failed: {message}"),
            Ending::Cancelled => writeln!(text, "cancelled"),
        }
    }
}

fn write_bar(text: &mut String, bar: &Bar) -> fmt::Result {
    write!(text, "bar: ")?;
    if let Some(label) = &bar.label {
        write!(text, "{label} ")?;
    }
    match bar.measure {
        Measure::Percent(percent) => write!(text, "{percent} %")?,
        Measure::Count { done, total: Some(total) } => write!(text, "{done} of {total}")?,
        Measure::Count { done, total: None } => write!(text, "{done} of ?")?,
    }
    if let Some(unit) = &bar.unit {
        write!(text, " {unit}")?;
    }
    writeln!(text)
}

fn of_level(level: Level) -> &'static str {
    match level {
        Level::Info => "",
        Level::Warning => " (warning)",
        Level::Error => " (error)",
    }
}
