use super::Printer;
use crate::{
    cli::{say::harmless, words},
    event::{Bar, Ending, Event, Level, StageState},
    language::{Language, Text},
    operation::OperationKind,
    projection::Attempts,
    publish::{ObservedEvent, RunEvent},
    render::{Renderer, Subject},
};

/// Where text is shown to a person.
pub(super) trait Screen: Send {
    /// Writes a line, without what could make a terminal do something.
    fn line(&mut self, tone: Tone, line: &str);

    /// Shows how far the bar is, or that there is none.
    fn bar(&mut self, bar: Option<&Bar>);
}

/// How a line sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Header,
    Warning,
    Error,
}

/// Writes for people to read, in the language of the renderer.
pub(super) struct ForPeople<S> {
    screen: S,
    renderer: Renderer,
}

impl<S: Screen> ForPeople<S> {
    pub(super) fn new(screen: S, renderer: Renderer) -> Self {
        Self { screen, renderer }
    }

    fn began(&mut self, subject: &Subject, attempts: Attempts) {
        if attempts.is_another() {
            let attempt = words::attempt(self.language(), attempts);
            self.line(Tone::Plain, &attempt);
        } else {
            let began = words::began(self.language(), subject);
            self.line(Tone::Plain, &began);
        }
    }

    fn happened(&mut self, kind: &OperationKind, event: &Event) {
        match event {
            Event::Status(status) => self.at_level(status.level, &status.text),
            Event::Log(line) => self.at_level(line.level, &line.text),
            Event::Bar(bar) => self.screen.bar(bar.as_ref()),
            Event::Stage { index, state, .. } => self.stage(kind, *index, *state),
            Event::CancelRequested => self.say(Tone::Warning, Text::Cancelling),
            Event::Ended(ending) => self.ended(kind, ending),
            // What a page shows, and what has been said already.
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
                let header = words::header(index + 1, stages.len(), stage);
                self.line(Tone::Header, &header);
            }
            StageState::Reused => self.say(Tone::Plain, Text::StageWasReused),
            StageState::Failed => self.say(Tone::Error, Text::StageHasFailed),
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
                let failed = words::failed(self.language(), message);
                self.line(Tone::Error, &failed);
            }
            Ending::Cancelled => self.say(Tone::Warning, Text::Cancelled),
        }
    }

    fn at_level(&mut self, level: Level, text: &str) {
        let tone = match level {
            Level::Info => Tone::Plain,
            Level::Warning => Tone::Warning,
            Level::Error => Tone::Error,
        };
        let line = words::at_level(self.language(), level, text);
        self.line(tone, &line);
    }

    fn say(&mut self, tone: Tone, text: Text) {
        let text = self.language().say(text);
        self.line(tone, &text);
    }

    fn language(&self) -> &Language {
        self.renderer.language()
    }

    /// Writes a text, which may have several lines or, with none, say nothing.
    fn line(&mut self, tone: Tone, text: &str) {
        for line in text.lines() {
            self.screen.line(tone, &harmless(line));
        }
    }
}

impl<S: Screen> Printer for ForPeople<S> {
    fn print(&mut self, ObservedEvent { subject, event }: &ObservedEvent) {
        match event {
            RunEvent::AttemptStarted(attempts) => self.began(subject, *attempts),
            RunEvent::Reported(event) => self.happened(&subject.kind, event),
            // It says so itself when it begins.
            RunEvent::Chained(_) => {}
        }
    }
}
