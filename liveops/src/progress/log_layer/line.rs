use std::fmt::{Debug, Write};

use tracing::{
    Event,
    field::{Field, Visit},
};

/// An event as a line of a log: the message, then the fields as `name=value`.
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
    /// A line break in a value would look like another line of the log.
    fn finish(mut self) -> String {
        let fields = if self.message.is_empty() { self.fields.trim_start() } else { &self.fields };
        self.message.push_str(fields);
        if self.message.contains(['\n', '\r']) {
            self.message = self.message.replace(['\n', '\r'], " ");
        }
        self.message
    }

    fn add(&mut self, field: &Field, value: std::fmt::Arguments<'_>) {
        // What the bridge from the crate log adds is about where the line comes from.
        let is_origin = field.name().starts_with("log.");
        let written = match field.name() {
            "message" => write!(self.message, "{value}"),
            _ if is_origin => return,
            name => write!(self.fields, " {name}={value}"),
        };
        // A text takes everything; a value that refuses to be written is as far as it got.
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
