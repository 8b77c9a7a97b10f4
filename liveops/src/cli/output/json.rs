//! Events as lines of JSON.

use std::io::Write;

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::Printer;
use crate::{
    cli::print,
    event::{Bar, Ending, Event, Measure, StageState},
    operation::OperationKind,
    publish::{ObservedEvent, RunEvent},
    render::Subject,
};

/// A printer that writes each event as one line of JSON. The documentation of `cli` lists the fields.
pub(super) struct JsonPrinter<W> {
    out: W,
}

impl<W: Write + Send> JsonPrinter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }

    fn write(&mut self, subject: &Subject, event: &'static str, mut fields: Value) {
        fields["event"] = event.into();
        fields["id"] = subject.id.to_string().into();
        fields["op_type"] = subject.kind.op_type.into();
        print::json(&mut self.out, &fields.to_string());
    }
}

impl<W: Write + Send> Printer for JsonPrinter<W> {
    fn print(&mut self, ObservedEvent { subject, event }: &ObservedEvent) {
        match event {
            RunEvent::AttemptStarted(attempts) => {
                let fields = json!({ "attempt": attempts.number, "max_attempts": attempts.max });
                self.write(subject, "started", fields);
            }
            RunEvent::Chained(next) => {
                let next = json!({ "id": next.id, "op_type": next.kind.op_type });
                self.write(subject, "chained", json!({ "next": next }));
            }
            RunEvent::Reported(event) => {
                if let Some((name, fields)) = fields(&subject.kind, event) {
                    self.write(subject, name, fields);
                }
            }
        }
    }
}

/// Returns the name and fields of an event; `None` if the event is not part of the output.
fn fields(kind: &OperationKind, event: &Event) -> Option<(&'static str, Value)> {
    Some(match event {
        Event::Status(status) => {
            ("status", json!({ "level": status.level, "text": &*status.text }))
        }
        Event::Log(line) => {
            let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
            ("log", json!({ "at": at, "level": line.level, "text": line.text }))
        }
        Event::Bar(Some(bar)) => ("progress", progress(bar)),
        Event::Stage { index, state, .. } => ("stage", stage(kind, *index, *state)?),
        Event::CancelRequested => ("cancelling", json!({})),
        Event::Ended(ending) => ("ended", ended(ending)),
        // Only pages show these, or another event has the same information.
        Event::Bar(None)
        | Event::Started
        | Event::Swap { .. }
        | Event::Append { .. }
        | Event::Redirect(_)
        | Event::HandedOver(_)
        | Event::Ordered(_) => return None,
    })
}

fn stage(kind: &OperationKind, index: usize, state: StageState) -> Option<Value> {
    Some(json!({
        "stage": kind.stages.get(index)?,
        "number": index + 1,
        "count": kind.stages.len(),
        "state": state.plain(),
        "reused": state == StageState::Reused,
    }))
}

fn progress(bar: &Bar) -> Value {
    let (done, total) = match bar.measure {
        Measure::Percent(_) => (None, None),
        Measure::Count { done, total } => (Some(done), total),
    };
    json!({
        "percent": bar.fraction().map(|fraction| fraction * 100.0),
        "done": done,
        "total": total,
        "label": bar.label.as_deref(),
        "unit": bar.unit.as_deref(),
        "rate": bar.rate(),
        "eta_seconds": bar.eta().map(|eta| eta.as_secs_f64()),
    })
}

fn ended(ending: &Ending) -> Value {
    let (result, error) = match ending {
        Ending::Finished(output) => (Some(&**output), None),
        Ending::Failed(message) => (None, Some(&**message)),
        Ending::Cancelled => (None, None),
    };
    json!({ "state": ending.state(), "result": result, "error": error })
}
