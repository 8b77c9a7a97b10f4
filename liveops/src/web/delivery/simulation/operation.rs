//! A simulated operation: its row and its runs.

use std::collections::VecDeque;

use chrono::DateTime;
use serde_json::json;

use super::network::{Network, ready};
use crate::{
    channel::{Chained, Finished, Signal},
    event::{Ending, Event, Level, LinkedOperation, LogLine, Status},
    operation::{Attempt, ChannelName, OperationId, OperationKind, OperationState},
    progress::Sink,
    projection::{Changes, Projection},
    publish::ChannelSink,
    render::{Fragment, Renderer, Subject},
};

pub(super) const KIND: OperationKind = OperationKind::for_tests("test.steps", "Steps", &[]);

/// A report of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum SimReport {
    Status,
    Log,
    Swap,
    Append,
}

/// An operation, its runs and its row.
#[derive(Debug)]
pub(super) struct SimOperation {
    pub(super) subject: Subject,
    renderer: Renderer,
    network: Network,
    pub(super) row: SimRow,
    pub(super) run: SimRun,
    /// Overtaken runs, which may not know of the later attempt.
    overtaken: Vec<SimRun>,
    /// Number of reports so far, which makes each report unique.
    report_count: u32,
    /// All operations to which this one was chained.
    pub(super) successors: Vec<OperationId>,
}

/// The row in the database.
#[derive(Debug, Clone)]
pub(super) struct SimRow {
    pub(super) attempt: Attempt,
    pub(super) projection: Projection,
    pub(super) signals: Vec<Signal>,
}

/// One attempt, and the content that it has not published yet.
#[derive(Debug)]
pub(super) struct SimRun {
    pub(super) showing: Showing,
    /// Committed content that is not published yet.
    due: VecDeque<Due>,
}

/// A projection and its sink.
#[derive(Debug)]
pub(super) struct Showing {
    sink: ChannelSink,
    pub(super) projection: Projection,
    changes: Changes,
}

#[derive(Debug)]
enum Due {
    /// The projection of a waiting run.
    Waiting(Box<Showing>),
    Ending,
    Signal(Signal),
}

impl SimRow {
    pub(super) fn state(&self) -> OperationState {
        self.projection.state
    }
}

impl SimOperation {
    /// Creates an operation that has just started.
    pub(super) fn started(network: Network, renderer: Renderer, id: OperationId) -> Self {
        let subject = Subject { kind: KIND, id };
        let row =
            SimRow { attempt: Attempt(1), projection: Projection::new(0), signals: Vec::new() };
        let mut operation = Self {
            run: SimRun::new(showing(&network, &renderer, subject, &row)),
            subject,
            renderer,
            network,
            row,
            overtaken: Vec::new(),
            report_count: 0,
            successors: Vec::new(),
        };
        operation.flush();
        operation
    }

    pub(super) fn channel(&self) -> ChannelName {
        ChannelName::operation(self.subject.id)
    }

    pub(super) fn snapshot(&self, projection: &Projection) -> Vec<Fragment> {
        self.renderer.snapshot(&self.subject, projection)
    }

    /// Records a report of the run, which the next flush publishes.
    pub(super) fn report(&mut self, report: SimReport) {
        if self.row.state() == OperationState::Started {
            let event = self.event(report);
            self.run.showing.take(event);
        }
    }

    /// Publishes the reports of the run. A waiting run starts first.
    pub(super) fn flush(&mut self) {
        while self.run.publish_due() {}
        if self.row.state() == OperationState::NotStarted {
            self.row.projection.apply(Event::Started);
            self.run.showing.take(Event::Started);
        }
        if self.row.state() == OperationState::Started {
            self.run.showing.show();
        }
    }

    /// Commits the end of the run.
    pub(super) fn end(&mut self, is_chained: bool) {
        if self.row.state() != OperationState::Started {
            return;
        }
        let next = is_chained.then(OperationId::new);
        if next.is_some() {
            self.run.showing.take(Event::HandedOver(LinkedOperation {
                title: "Next".into(),
                description: None,
                url: "/live/".into(),
            }));
        }
        self.run.showing.take(Event::Ended(Ending::Finished(json!({ "rows": 7 }).into())));
        let finished = Signal::Finished(Finished {
            id: self.subject.id,
            state: OperationState::FinishedOk,
            url: format!("/live/{}", self.row.attempt),
            success_url: None,
        });
        let chained =
            |id| Signal::Chained(Chained { id, url: "/live/".into(), container: "".into() });
        self.row.signals = [finished].into_iter().chain(next.map(chained)).collect();
        self.row.projection = self.run.showing.projection.clone();
        self.row.projection.custom.clear();
        self.successors.extend(next);
        let signals = self.row.signals.iter().cloned().map(Due::Signal);
        self.run.due.extend([Due::Ending].into_iter().chain(signals));
    }

    /// Publishes the next committed content. Returns `false` if there is none.
    pub(super) fn publish_due(&mut self) -> bool {
        self.run.publish_due()
    }

    /// Waits longer than a run waits between two signals.
    pub(super) fn idle(&mut self) {
        if let Some(Due::Signal(Signal::Chained(_))) = self.run.due.front() {
            self.run.publish_due();
        }
    }

    /// Starts another attempt: a user retries an ended operation, or a worker rescues a run that seems lost.
    pub(super) fn overtake(&mut self) {
        if self.row.state() == OperationState::NotStarted {
            return;
        }
        let waits = self.row.state().is_terminal();
        self.row.attempt = Attempt(self.row.attempt.0 + 1);
        self.queue(waits);
    }

    /// Returns the run to the queue, as at the shutdown of its process.
    pub(super) fn hand_back(&mut self) {
        if self.row.state() == OperationState::Started {
            self.queue(true);
            // A run that was handed back has stopped and never continues.
            self.overtaken.pop();
        }
    }

    fn queue(&mut self, waits: bool) {
        self.row.projection = Projection::new(0);
        self.row.signals.clear();
        let showing = || showing(&self.network, &self.renderer, self.subject, &self.row);
        let mut run = SimRun::new(showing());
        if waits {
            run.due.push_back(Due::Waiting(Box::new(showing())));
        }
        self.overtaken.push(std::mem::replace(&mut self.run, run));
    }

    /// Continues an overtaken run.
    pub(super) fn continue_overtaken(&mut self) {
        let event = self.event(SimReport::Log);
        if let Some(run) = self.overtaken.last_mut()
            && !run.publish_due()
        {
            run.showing.take(event);
            run.showing.show();
        }
    }

    fn event(&mut self, report: SimReport) -> Event {
        self.report_count += 1;
        let text = format!("report {}. ", self.report_count);
        let region = || "rows".parse().unwrap();
        match report {
            SimReport::Status => Event::Status(Status { level: Level::Info, text: text.into() }),
            SimReport::Log => {
                Event::Log(LogLine { at: DateTime::UNIX_EPOCH, level: Level::Info, text })
            }
            SimReport::Swap => Event::Swap { region: region(), html: text.into() },
            SimReport::Append => Event::Append { region: region(), html: text.into() },
        }
    }
}

fn showing(network: &Network, renderer: &Renderer, subject: Subject, row: &SimRow) -> Showing {
    let sink = ChannelSink::new(network.layer(0), renderer.clone(), subject, row.attempt);
    Showing { sink, projection: row.projection.clone(), changes: Changes::default() }
}

impl SimRun {
    /// Creates a run that has shown nothing yet.
    fn new(showing: Showing) -> Self {
        Self { showing, due: VecDeque::new() }
    }

    /// Publishes the next content that is due. Returns `false` if there is none.
    fn publish_due(&mut self) -> bool {
        match self.due.pop_front() {
            None => return false,
            Some(Due::Waiting(mut showing)) => showing.show(),
            Some(Due::Ending) => self.showing.show(),
            Some(Due::Signal(signal)) => self.showing.signal(signal),
        }
        true
    }
}

impl Showing {
    fn take(&mut self, event: Event) {
        self.changes.merge(self.projection.apply(event));
    }

    fn show(&mut self) {
        ready(self.sink.show(&self.projection, std::mem::take(&mut self.changes)));
    }

    fn signal(&mut self, signal: Signal) {
        ready(self.sink.signal(&self.projection, signal)).expect("this backend never fails");
    }
}
