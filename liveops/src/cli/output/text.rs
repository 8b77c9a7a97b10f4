use super::Printer;
use crate::{
    cli::{say::harmless, words},
    event::{Bar, Ending, Event, Level, StageState},
    operation::OperationKind,
    progress::{Telling, Told},
    projection::Attempts,
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

/// Writes for people to read.
pub(super) struct Text<S> {
    screen: S,
    renderer: Renderer,
}

impl<S: Screen> Text<S> {
    pub(super) fn new(screen: S, renderer: Renderer) -> Self {
        Self { screen, renderer }
    }

    fn began(&mut self, subject: &Subject, attempts: Attempts) {
        if attempts.is_another() {
            self.line(Tone::Plain, &words::another_attempt(attempts));
        } else {
            self.line(Tone::Plain, &words::began(subject));
        }
    }

    fn happened(&mut self, kind: &OperationKind, event: &Event) {
        match event {
            Event::Status(status) => self.at_level(status.level, &status.text),
            Event::Log(line) => self.at_level(line.level, &line.text),
            Event::Bar(bar) => self.screen.bar(bar.as_ref()),
            Event::Stage { index, state, .. } => self.stage(kind, *index, *state),
            Event::CancelRequested => self.line(Tone::Warning, words::CANCELLING),
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
        let Some(stage) = kind.stages.get(index) else { return };
        match state {
            StageState::Active => {
                let header = words::header(index + 1, kind.stages.len(), stage);
                self.line(Tone::Header, &header);
            }
            StageState::Reused => self.line(Tone::Plain, words::REUSED),
            StageState::Failed => self.line(Tone::Error, words::STAGE_FAILED),
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
            Ending::Failed(message) => self.line(Tone::Error, &words::failed(message)),
            Ending::Cancelled => self.line(Tone::Warning, words::CANCELLED),
        }
    }

    fn at_level(&mut self, level: Level, text: &str) {
        let tone = match level {
            Level::Info => Tone::Plain,
            Level::Warning => Tone::Warning,
            Level::Error => Tone::Error,
        };
        self.line(tone, &words::at_level(level, text));
    }

    /// Writes a text, which may have several lines or, with none, say nothing.
    fn line(&mut self, tone: Tone, text: &str) {
        for line in text.lines() {
            self.screen.line(tone, &harmless(line));
        }
    }
}

impl<S: Screen> Printer for Text<S> {
    fn print(&mut self, Telling { subject, told }: &Telling) {
        match told {
            Told::Began(attempts) => self.began(subject, *attempts),
            Told::Event(event) => self.happened(&subject.kind, event),
            // It says so itself when it begins.
            Told::Chained(_) => {}
        }
    }
}
