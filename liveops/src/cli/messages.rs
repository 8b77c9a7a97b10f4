//! The texts of the commands.
//!
//! Texts about an operation are in the language of the terminal. Errors of a command are in English, as are
//! all texts of clap.

use std::{io, path::Path};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    event::Level,
    language::{Language, Text},
    operation::{OperationId, OperationKind, PastAction},
    plain_text::{escape_json, escape_line, indent_further_lines},
    projection::{Attempts, PastAttempt},
    render::{Subject, action_in_words, outcome_in_words, stopped_bar},
    store::Model,
};

pub(super) const RUN_HELP: &str = "\
Ctrl-C cancels the operation, a second Ctrl-C aborts it, and a third one exits at once. SIGTERM
and SIGHUP interrupt the operation: it is put back into the queue if it may run again, and fails
otherwise.

Exit codes: 0 finished, 1 failed, 2 wrong command line or input, 130 cancelled,
143 interrupted by SIGTERM or SIGHUP.";

pub(super) fn header(number: usize, count: usize, stage: &str) -> String {
    format!("=== [{number}/{count}] {stage} ===")
}

/// Returns the first line about an operation: title and ID.
pub(super) fn started(language: &Language, Subject { kind, id }: &Subject) -> String {
    format!("{} ({id})", language.title(kind))
}

pub(super) fn attempt(language: &Language, Attempts { number, max, .. }: Attempts) -> String {
    language.translate_with(Text::AttemptOf, [("number", number.into()), ("max", max.into())])
}

pub(super) fn failed(language: &Language, message: &str) -> String {
    labelled(language, Text::FinishedError, &indent_further_lines(message))
}

/// Returns the text of a log line or a status, with a prefix for warnings and errors. Further lines of the text are
/// indented, so that no line looks like a stage or another message.
pub(super) fn at_level(language: &Language, level: Level, text: &str) -> String {
    let text = &indent_further_lines(text);
    match level {
        Level::Info => text.to_string(),
        Level::Warning => labelled(language, Text::Warning, text),
        Level::Error => labelled(language, Text::Error, text),
    }
}

/// Returns a text with a label in front.
pub(super) fn labelled(language: &Language, label: Text, text: &str) -> String {
    let args = [("label", language.translate(label).into()), ("text", text.into())];
    language.translate_with(Text::Labelled, args)
}

pub(super) const DID_NOT_STOP: &str =
    "the operation did not stop; it ends as cancelled when its lease expires";

pub(super) const LEFT_BEHIND: &str =
    "the operation did not stop; another worker takes it over when its lease expires";

pub(super) fn interrupted(id: OperationId) -> String {
    format!("operation {id} was interrupted; to start it again, run: retry {id}")
}

pub(super) fn handed_back(id: OperationId) -> String {
    format!("operation {id} was put back into the queue")
}

pub(super) fn traceback_of(id: OperationId) -> String {
    format!("to see the traceback, run: show {id}")
}

pub(super) fn moved_to_other_process(id: OperationId) -> String {
    format!("operation {id} continues in another process")
}

pub(super) fn unknown_operation(id: OperationId) -> String {
    format!("operation {id} not found")
}

pub(super) fn unknown_attempt(id: OperationId) -> String {
    format!("operation {id} has no such attempt")
}

pub(super) fn duplicate_exists(id: OperationId) -> String {
    format!("duplicate of operation {id}, which has not ended")
}

pub(super) fn no_file(field: &str, path: &str) -> String {
    format!("{field}: expected the path of an existing file, found {}", escape_line(path))
}

pub(super) fn unreadable_file(path: &Path, error: &io::Error) -> String {
    format!("failed to read {}: {error}", escape_line(&path.display().to_string()))
}

pub(super) fn unknown_type(op_type: &str, similar: Option<&str>, known: &[&str]) -> String {
    let hint = similar.map(|similar| format!("; did you mean `{similar}`?")).unwrap_or_default();
    match known {
        [] => format!("unknown operation type `{op_type}`: the application has no operations"),
        known => format!(
            "unknown operation type `{op_type}`{hint}\n\nAvailable types:\n  {}",
            known.join("\n  ")
        ),
    }
}

pub(super) const NO_PAGES: &str = "this application has no pages to serve";
pub(super) const CANCELLED_WAITING: &str = "The operation was cancelled before it started.";
pub(super) const CANCEL_REQUESTED: &str = "The operation is running. Cancellation was requested.";
pub(super) const RETRIED: &str = "The operation is queued again.";
pub(super) const MIGRATED: &str = "The database tables are up to date.";

pub(super) fn has_ended(id: OperationId) -> String {
    format!("operation {id} has already ended")
}

pub(super) fn has_not_ended(id: OperationId) -> String {
    format!("operation {id} has not ended yet")
}

pub(super) fn pruned(count: u64) -> String {
    format!("Operations deleted: {count}")
}

pub(super) fn setting_ignored(setting: &str) -> String {
    format!(
        "expected the application to use the configuration passed to it, found a different {setting}"
    )
}

/// Returns an attempt that is over: its end, times and worker, and its error in further lines.
pub(super) fn past_attempt(language: &Language, past: &PastAttempt) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let number = [("number", past.number.into())];
    let mut facts = vec![
        language.translate(outcome_in_words(past.outcome)),
        format!("{} – {}", time(past.started_on), time(past.ended_on)),
    ];
    facts.extend(stopped_bar(language, past).map(|bar| escape_line(&bar).into_owned()));
    facts.extend(past.worker.clone());
    let text = language.translate_with(Text::AttemptNumber, number);
    let args = [("label", text.into()), ("text", facts.join(" · ").into())];
    let first = language.translate_with(Text::Labelled, args);
    let error = past.error.as_ref().map(|error| labelled(language, Text::Error, error));
    match error {
        // Indented, so that no error looks like another attempt.
        Some(error) => indent_further_lines(&format!("{first}\n{error}")).into_owned(),
        None => first,
    }
}

/// Returns an action in one line.
pub(super) fn past_action(
    language: &Language,
    PastAction { at, action, .. }: &PastAction,
) -> String {
    let actor = match &action.actor {
        Some(actor) => escape_line(actor.as_str()).into_owned(),
        None => language.translate(Text::TheApplication),
    };
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("{at} · {} · {actor}", language.translate(action_in_words(action.kind)))
}

/// Returns the fields of a row, one per line.
pub(super) fn row_lines(language: &Language, kind: &OperationKind, row: &Model) -> Vec<String> {
    let time =
        |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let fields = [
        (Text::Type, Some(row.op_type.clone())),
        (Text::Description, row.description.as_deref().map(|text| escape_line(text).into_owned())),
        (Text::Owner, Some(escape_line(&row.owner).into_owned())),
        (Text::State, Some(row.state().as_str().to_owned())),
        (Text::Created, time(Some(row.created_on))),
        (Text::StartedOn, time(row.started_on)),
        (Text::EndedOn, time(row.finished_on)),
        (Text::Worker, row.worker.clone()),
        (Text::Status, Some(row.status_text.clone()).filter(|status| !status.is_empty())),
        (Text::Error, row.error_message.clone()),
        (Text::Input, Some(escape_json(&row.input.to_string()).into_owned())),
    ];
    // No value may look like the next field.
    let fields = fields
        .into_iter()
        .filter_map(|(label, value)| Some((label, indent_further_lines(&value?).into_owned())));
    let first = [
        started(language, &Subject { kind: *kind, id: row.operation_id() }),
        attempt(language, row.attempts()),
    ];
    first
        .into_iter()
        .chain(fields.map(|(label, value)| labelled(language, label, &value)))
        .collect()
}
