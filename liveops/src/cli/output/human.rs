//! Text for people, on any [`Screen`].

use super::Printer;
use crate::{
    cli::{messages, print::escape_control_characters},
    event::{Bar, Ending, Event, Level, StageState},
    language::{Language, Text},
    operation::OperationKind,
    projection::Attempts,
    publish::{ObservedEvent, RunEvent},
    render::{Renderer, Subject},
};

/// An output that shows text to a person.
pub(super) trait Screen: Send {
    /// Writes a line, which contains no control characters.
    fn line(&mut self, tone: Tone, line: &str);

    /// Shows the bar, or removes it.
    fn bar(&mut self, bar: Option<&Bar>);
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
}

impl<S: Screen> HumanPrinter<S> {
    pub(super) fn new(screen: S, renderer: Renderer) -> Self {
        Self { screen, renderer }
    }

    fn started(&mut self, subject: &Subject, attempts: Attempts) {
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
            Event::Status(status) => self.at_level(status.level, &status.text),
            Event::Log(line) => self.at_level(line.level, &line.text),
            Event::Bar(bar) => self.screen.bar(bar.as_ref()),
            Event::Stage { index, state, .. } => self.stage(kind, *index, *state),
            Event::CancelRequested => self.translate(Tone::Warning, Text::Cancelling),
            Event::Ended(ending) => self.ended(kind, ending),
            // Only pages show these, or another event has the same information.
            Event::Started
            | Event::Swap { .. }
            | Event::Append { .. }
            | Event::Redirect(_)
            | Event::HandedOver(_) => {}
        }
    }

    fn stage(&mut self, kind: &OperationKind, index: usize, state: StageState) {
        self.screen.bar(None);
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
        match ending {
            Ending::Finished(output) => {
                let text = self.renderer.result_text(kind, output);
                self.line(Tone::Plain, text.trim_end_matches('\n'));
            }
            Ending::Failed(message) => {
                let failed = messages::failed(self.language(), message);
                self.line(Tone::Error, &failed);
            }
            Ending::Cancelled => self.translate(Tone::Warning, Text::Cancelled),
        }
    }

    fn at_level(&mut self, level: Level, text: &str) {
        let tone = match level {
            Level::Info => Tone::Plain,
            Level::Warning => Tone::Warning,
            Level::Error => Tone::Error,
        };
        let line = messages::at_level(self.language(), level, text);
        self.line(tone, &line);
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
            self.screen.line(tone, &escape_control_characters(line));
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
}
