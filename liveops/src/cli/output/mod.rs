//! The output of an operation that runs in the foreground: bars, plain lines or JSON.

mod human;
mod json;
mod plain;
mod terminal;
#[cfg(test)]
mod tests;

use std::{
    env,
    io::{self, IsTerminal},
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use indicatif::ProgressDrawTarget;

use self::{human::HumanPrinter, json::JsonPrinter, plain::Plain, terminal::Terminal};
use crate::{publish::ObservedEvent, render::Renderer};

/// A writer of the events of a run.
pub(super) trait Printer: Send {
    fn print(&mut self, event: &ObservedEvent);

    /// Writes the lines that are due. Returns the time until the next call, or `None` if no line waits.
    fn write_due(&mut self) -> Option<Duration> {
        None
    }

    /// Writes all waiting lines at the end of the output.
    fn finish(&mut self) {}
}

/// Returns the printer for standard output: JSON, bars for a terminal, or plain lines.
pub(super) fn printer(as_json: bool, renderer: &Renderer) -> Box<dyn Printer> {
    let out = io::stdout();
    if as_json {
        return Box::new(JsonPrinter::new(out));
    }
    if !out.is_terminal() || variable("TERM") == "dumb" {
        return Box::new(HumanPrinter::new(
            Plain::new(out, renderer.language().clone()),
            renderer.clone(),
        ));
    }
    let has_color = variable("NO_COLOR").is_empty();
    let terminal =
        Terminal::new(ProgressDrawTarget::stdout(), renderer.language().clone(), has_color);
    Box::new(HumanPrinter::new(terminal, renderer.clone()))
}

fn variable(name: &str) -> String {
    env::var_os(name).unwrap_or_default().to_string_lossy().into_owned()
}

/// Prints events until every sender is dropped.
pub(super) fn write(mut printer: Box<dyn Printer>, events: &Receiver<ObservedEvent>) {
    loop {
        let event = match printer.write_due() {
            Some(wait) => events.recv_timeout(wait),
            None => events.recv().map_err(RecvTimeoutError::from),
        };
        match event {
            Ok(event) => printer.print(&event),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return printer.finish(),
        }
    }
}
