//! The conversion of a `tracing` event to the text of a log line.

use std::fmt::{Debug, Write};

use tracing::{
    Event,
    field::{Field, Visit},
};

/// Formats an event as a log line: the message, then the fields as `name=value`.
pub(super) fn line(event: &Event<'_>) -> String {
    let mut line = LineVisitor::default();
    event.record(&mut line);
    line.finish()
}

#[derive(Default)]
struct LineVisitor {
    message: String,
    fields: String,
}

impl LineVisitor {
    /// Joins message and fields, and replaces line breaks, which would look like further lines of the log.
    fn finish(mut self) -> String {
        let fields = if self.message.is_empty() { self.fields.trim_start() } else { &self.fields };
        self.message.push_str(fields);
        if self.message.contains(['\n', '\r']) {
            self.message = self.message.replace(['\n', '\r'], " ");
        }
        self.message
    }

    fn add(&mut self, field: &Field, value: std::fmt::Arguments<'_>) {
        // The bridge from the crate `log` adds these fields with the origin of the event.
        let is_origin = field.name().starts_with("log.");
        let written = match field.name() {
            "message" => write!(self.message, "{value}"),
            _ if is_origin => return,
            name => write!(self.fields, " {name}={value}"),
        };
        // Writing to a `String` cannot fail. A value whose formatting fails stays incomplete.
        let _ = written;
    }
}

impl Visit for LineVisitor {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            _ => self.add(field, format_args!("{value:?}")),
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}
