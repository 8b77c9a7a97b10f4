use std::sync::{Arc, mpsc};

use async_trait::async_trait;

use super::Observer;
use crate::{
    event::Event,
    progress::{Report, Sink},
    projection::{Attempts, Changes, Projection},
    render::Subject,
};

/// Shows a run as text: tells whoever writes it what happened, in the order in which it did.
///
/// A projection says what is the case, and not what came before what, so this takes the events since
/// the last look from the report. It only sends them on. A reader that is slow, or gone, stops neither
/// the run nor its ending; what it has not read waits in memory.
pub(crate) struct TextSink {
    report: Arc<Report>,
    subject: Subject,
    events: EventSender,
}

/// Where what happens in the foreground of a process is told. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct EventSender(mpsc::Sender<ObservedEvent>);

/// One thing to be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ObservedEvent {
    /// Of which operation.
    pub(crate) subject: Subject,
    pub(crate) event: RunEvent,
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunEvent {
    /// An attempt began.
    AttemptStarted(Attempts),
    /// Something happened in it.
    Reported(Event),
    /// Another operation goes on where this one ended.
    Chained(Subject),
}

impl EventSender {
    /// What is told, and where whoever writes it hears it.
    pub(crate) fn new() -> (Self, mpsc::Receiver<ObservedEvent>) {
        let (sender, receiver) = mpsc::channel();
        (Self(sender), receiver)
    }

    pub(crate) fn send(&self, subject: Subject, event: RunEvent) {
        // Whoever wrote is gone, and nobody has to be told.
        let _ = self.0.send(ObservedEvent { subject, event });
    }
}

impl Observer for EventSender {
    fn sink(&self, subject: Subject, attempts: Attempts, report: Arc<Report>) -> Box<dyn Sink> {
        self.send(subject, RunEvent::AttemptStarted(attempts));
        Box::new(TextSink { report, subject, events: self.clone() })
    }
}

#[async_trait]
impl Sink for TextSink {
    async fn show(&mut self, _: &Projection, _: Changes) {
        for event in self.report.take_events() {
            self.events.send(self.subject, RunEvent::Reported(event));
        }
    }
}
