//! Text for people, on any [`Screen`].

use std::time::Duration;

use super::Printer;
use crate::{
    cli::messages,
    event::{Bar, Ending, Event, Level, StageState},
    language::{Language, Text},
    operation::{FieldOrder, OperationKind},
    plain_text::{escape, plain},
    projection::Attempts,
    publish::{ObservedEvent, RunEvent},
    render::{Renderer, Subject},
};

/// An output that shows text to a person.
pub(super) trait Screen: Send {
    /// Writes a line, which contains no unsafe characters.
    fn line(&mut self, tone: Tone, line: &str);

    /// Writes a status, at once or later. May leave out a status that a newer one replaces.
    fn status(&mut self, tone: Tone, line: &str) {
        self.line(tone, line);
    }

    /// Shows the bar, or removes it.
    fn bar(&mut self, bar: Option<&Bar>);

    /// Writes all waiting lines.
    fn settle(&mut self) {}

    /// Writes the lines that are due. Returns the time until the next call, or `None` if no line waits.
    fn write_due(&mut self) -> Option<Duration> {
        None
    }
}

/// The style of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Header,
    Warning,
    Error,
}

/// A printer of text for people, in the language of the renderer.
pub(super) struct HumanPrinter<S> {
    screen: S,
    renderer: Renderer,
    /// The order of the fields of the next output.
    order: FieldOrder,
}

impl<S: Screen> HumanPrinter<S> {
    pub(super) fn new(screen: S, renderer: Renderer) -> Self {
        Self { screen, renderer, order: FieldOrder::default() }
    }

    fn started(&mut self, subject: &Subject, attempts: Attempts) {
        self.order = FieldOrder::default();
        self.screen.settle();
        if attempts.is_another() {
            let attempt = messages::attempt(self.language(), attempts);
            self.line(Tone::Plain, &attempt);
        } else {
            let started = messages::started(self.language(), subject);
            self.line(Tone::Plain, &started);
        }
    }

    fn event(&mut self, kind: &OperationKind, event: &Event) {
        match event {
            Event::Status(status) => {
                let (tone, text) = self.at_level(status.level, &status.text);
                self.screen.status(tone, &text);
            }
            Event::Log(line) => {
                let (tone, text) = self.at_level(line.level, &line.text);
                self.line(tone, &text);
            }
            Event::Bar(bar) => self.screen.bar(bar.as_ref()),
            Event::Stage { index, state, .. } => self.stage(kind, *index, *state),
            Event::CancelRequested => {
                self.screen.settle();
                self.translate(Tone::Warning, Text::Cancelling);
            }
            Event::Ended(ending) => self.ended(kind, ending),
            // Only pages show these, or another event has the same information.
            Event::Started
            | Event::Swap { .. }
            | Event::Append { .. }
            | Event::Redirect(_)
            | Event::HandedOver(_) => {}
            Event::Ordered(order) => self.order = order.clone(),
        }
    }

    fn stage(&mut self, kind: &OperationKind, index: usize, state: StageState) {
        self.screen.bar(None);
        self.screen.settle();
        let stages = self.language().stages(kind);
        let Some(stage) = stages.get(index) else { return };
        match state {
            StageState::Active => {
                let header = messages::header(index + 1, stages.len(), stage);
                self.line(Tone::Header, &header);
            }
            StageState::Reused => self.translate(Tone::Plain, Text::StageWasReused),
            StageState::Failed => self.translate(Tone::Error, Text::StageHasFailed),
            StageState::Pending | StageState::Done | StageState::Cancelled => {}
        }
    }

    fn ended(&mut self, kind: &OperationKind, ending: &Ending) {
        self.screen.bar(None);
        self.screen.settle();
        match ending {
            Ending::Finished(output) => {
                let text = self.renderer.result_text(kind, output, &self.order);
                self.line(Tone::Plain, text.trim_end_matches('\n'));
            }
            Ending::Failed(message) => {
                let failed = messages::failed(self.language(), &plain(message));
                self.line(Tone::Error, &failed);
            }
            Ending::Cancelled => self.translate(Tone::Warning, Text::Cancelled),
        }
    }

    /// Returns the text of a log line or a status in the form for the screen.
    fn at_level(&self, level: Level, text: &str) -> (Tone, String) {
        let tone = match level {
            Level::Info => Tone::Plain,
            Level::Warning => Tone::Warning,
            Level::Error => Tone::Error,
        };
        (tone, messages::at_level(self.language(), level, &plain(text)))
    }

    fn translate(&mut self, tone: Tone, text: Text) {
        let text = self.language().translate(text);
        self.line(tone, &text);
    }

    fn language(&self) -> &Language {
        self.renderer.language()
    }

    /// Writes each line of a text; nothing for an empty text.
    fn line(&mut self, tone: Tone, text: &str) {
        for line in text.lines() {
            self.screen.line(tone, &escape(line));
        }
    }
}

impl<S: Screen> Printer for HumanPrinter<S> {
    fn print(&mut self, ObservedEvent { subject, event }: &ObservedEvent) {
        match event {
            RunEvent::AttemptStarted(attempts) => self.started(subject, *attempts),
            RunEvent::Reported(event) => self.event(&subject.kind, event),
            // The next operation prints its own first line.
            RunEvent::Chained(_) => {}
        }
    }

    fn write_due(&mut self) -> Option<Duration> {
        self.screen.write_due()
    }

    fn finish(&mut self) {
        self.screen.settle();
    }
}
