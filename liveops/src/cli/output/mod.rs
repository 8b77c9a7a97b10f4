//! How what happens in the foreground is written.

mod human;
mod json;
mod plain;
mod terminal;
#[cfg(test)]
mod tests;

use std::{
    env,
    io::{self, IsTerminal},
    sync::mpsc::Receiver,
};

use indicatif::ProgressDrawTarget;

use self::{human::HumanPrinter, json::JsonPrinter, plain::Plain, terminal::Terminal};
use crate::{publish::ObservedEvent, render::Renderer};

/// What writes what is told.
pub(super) trait Printer: Send {
    fn print(&mut self, telling: &ObservedEvent);
}

/// What writes to the standard output: as fits a terminal where it is one.
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

/// Writes what is told until there is nobody left who tells anything.
pub(super) fn write(mut printer: Box<dyn Printer>, told: &Receiver<ObservedEvent>) {
    for telling in told {
        printer.print(&telling);
    }
}
