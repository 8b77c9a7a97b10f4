//! The sink that sends the events of a run to a text writer in this process.

use std::sync::{Arc, mpsc};

use async_trait::async_trait;

use super::Observer;
use crate::{
    event::Event,
    progress::{Report, Sink},
    projection::{Attempts, Changes, Projection},
    render::Subject,
};

/// Shows a run as text: sends its events to a writer, in order.
///
/// A projection holds the current state and no order of events, so the sink takes the events since its
/// last call from the report. The sink only forwards them: a writer that is slow or gone stops neither
/// the run nor its ending, and unread events stay in memory.
pub(crate) struct TextSink {
    report: Arc<Report>,
    subject: Subject,
    events: EventSender,
}

/// The sender of events from foreground runs. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct EventSender(mpsc::Sender<ObservedEvent>);

/// An event with the operation it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ObservedEvent {
    /// The operation.
    pub(crate) subject: Subject,
    pub(crate) event: RunEvent,
}

/// An event of a foreground run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunEvent {
    /// An attempt began.
    AttemptStarted(Attempts),
    /// The attempt reported an event.
    Reported(Event),
    /// Another operation takes over.
    Chained(Subject),
}

impl EventSender {
    /// Returns a sender, and the receiver of its events.
    pub(crate) fn new() -> (Self, mpsc::Receiver<ObservedEvent>) {
        let (sender, receiver) = mpsc::channel();
        (Self(sender), receiver)
    }

    pub(crate) fn send(&self, subject: Subject, event: RunEvent) {
        // The writer is gone; the run continues without it.
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
