use std::sync::{Arc, mpsc};

use async_trait::async_trait;

use super::{Onlooker, Sink};
use crate::{
    event::Event,
    progress::Report,
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
    tellings: Tellings,
}

/// Where what happens in the foreground of a process is told. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Tellings(mpsc::Sender<Telling>);

/// One thing to be told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Telling {
    /// Of which operation.
    pub(crate) subject: Subject,
    pub(crate) told: Told,
}

/// What is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    /// An attempt began.
    Began(Attempts),
    /// Something happened in it.
    Event(Event),
    /// Another operation goes on where this one ended.
    Chained(Subject),
}

impl Tellings {
    /// What is told, and where whoever writes it hears it.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Telling>) {
        let (tell, hear) = mpsc::channel();
        (Self(tell), hear)
    }

    pub(crate) fn tell(&self, subject: Subject, told: Told) {
        // Whoever wrote is gone, and nobody has to be told.
        let _ = self.0.send(Telling { subject, told });
    }
}

impl Onlooker for Tellings {
    fn sink(&self, subject: Subject, attempts: Attempts, report: Arc<Report>) -> Box<dyn Sink> {
        self.tell(subject, Told::Began(attempts));
        Box::new(TextSink { report, subject, tellings: self.clone() })
    }
}

#[async_trait]
impl Sink for TextSink {
    async fn show(&mut self, _: &Projection, _: Changes) {
        for event in self.report.take_events() {
            self.tellings.tell(self.subject, Told::Event(event));
        }
    }
}
