//! What the commands say.
//!
//! What there is to say of an operation is said in the language of whoever reads it; what goes wrong with
//! a command, like all that clap says, in English.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    event::Level,
    language::{Language, Text},
    operation::{OperationId, OperationKind},
    projection::Attempts,
    render::Subject,
    store::Model,
};

pub(super) const RUN_HELP: &str = "\
Ctrl-C cancels the operation, a second one aborts it, a third one exits at once. SIGTERM puts it back
into the queue.

Exit codes: 0 finished, 1 failed, 2 wrong command line or input, 130 cancelled, 143 back in the queue.";

pub(super) fn header(number: usize, count: usize, stage: &str) -> String {
    format!("=== [{number}/{count}] {stage} ===")
}

/// The first line of an operation.
pub(super) fn started(language: &Language, Subject { kind, id }: &Subject) -> String {
    format!("{} ({id})", language.title(kind))
}

pub(super) fn attempt(language: &Language, Attempts { number, max, .. }: Attempts) -> String {
    language.translate_with(Text::AttemptOf, [("number", number.into()), ("max", max.into())])
}

pub(super) fn failed(language: &Language, message: &str) -> String {
    labelled(language, Text::FinishedError, message)
}

/// A line of the log, or the status line.
pub(super) fn at_level(language: &Language, level: Level, text: &str) -> String {
    match level {
        Level::Info => text.to_owned(),
        Level::Warning => labelled(language, Text::Warning, text),
        Level::Error => labelled(language, Text::Error, text),
    }
}

/// A text, with what it is in front of it.
pub(super) fn labelled(language: &Language, label: Text, text: &str) -> String {
    let args = [("label", language.translate(label).into()), ("text", text.into())];
    language.translate_with(Text::Labelled, args)
}

pub(super) const DID_NOT_STOP: &str =
    "the operation does not stop: it ends as cancelled when its lease runs out";

pub(super) fn handed_back(id: OperationId) -> String {
    format!("operation {id} is back in the queue")
}

pub(super) fn traceback_of(id: OperationId) -> String {
    format!("what went wrong is told by: show {id}")
}

pub(super) fn moved_to_other_process(id: OperationId) -> String {
    format!("operation {id} goes on in another process")
}

pub(super) fn unknown_operation(id: OperationId) -> String {
    format!("there is no operation {id}")
}

pub(super) fn duplicate_exists(id: OperationId) -> String {
    format!("operation {id} counts as the same and has not ended")
}

pub(super) fn no_file(field: &str, path: &str) -> String {
    format!("{field}: expected the path of a file, found none at {path}")
}

pub(super) fn unknown_type(op_type: &str, similar: Option<&str>, known: &[&str]) -> String {
    let meant = similar.map(|similar| format!("; did you mean `{similar}`?")).unwrap_or_default();
    match known {
        [] => format!("unknown type of operation `{op_type}`: the application has none"),
        known => format!(
            "unknown type of operation `{op_type}`{meant}\n\nThere are:\n  {}",
            known.join("\n  ")
        ),
    }
}

pub(super) const NO_PAGES: &str = "this application has no pages to serve";
pub(super) const CANCELLED_WAITING: &str = "It had not started, and is cancelled.";
pub(super) const CANCEL_REQUESTED: &str = "It is running, and was asked to stop.";
pub(super) const RETRIED: &str = "It waits for its next run.";
pub(super) const MIGRATED: &str = "the tables are up to date";

pub(super) fn has_ended(id: OperationId) -> String {
    format!("operation {id} has ended already")
}

pub(super) fn has_not_ended(id: OperationId) -> String {
    format!("operation {id} has not ended yet")
}

pub(super) fn pruned(count: u64) -> String {
    format!("operations deleted: {count}")
}

pub(super) fn setting_ignored(setting: &str) -> String {
    format!(
        "expected the application to be built with the configuration it was given, found another {setting}"
    )
}

pub(super) fn not_registered(op_type: &str) -> String {
    format!("the application does not know operations of type `{op_type}`")
}

/// What a row says, in a line each.
pub(super) fn row_lines(language: &Language, kind: &OperationKind, row: &Model) -> Vec<String> {
    let time =
        |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let row_lines = [
        (Text::Type, Some(row.op_type.clone())),
        (Text::Owner, Some(row.owner.clone())),
        (Text::State, Some(row.state().as_str().to_owned())),
        (Text::Created, time(Some(row.created_on))),
        (Text::StartedOn, time(row.started_on)),
        (Text::EndedOn, time(row.finished_on)),
        (Text::Worker, row.worker.clone()),
        (Text::Status, Some(row.status_text.clone()).filter(|status| !status.is_empty())),
        (Text::Error, row.error_message.clone()),
        (Text::Input, Some(row.input.to_string())),
    ];
    let row_lines = row_lines.into_iter().filter_map(|(label, value)| Some((label, value?)));
    let first = [
        started(language, &Subject { kind: *kind, id: row.operation_id() }),
        attempt(language, row.attempts()),
    ];
    first
        .into_iter()
        .chain(row_lines.map(|(label, value)| labelled(language, label, &value)))
        .collect()
}
