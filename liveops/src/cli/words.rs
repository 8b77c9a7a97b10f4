//! Every text that the commands show to a person.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    event::Level,
    operation::{OperationId, OperationKind, OperationState},
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
pub(super) fn began(Subject { kind, id }: &Subject) -> String {
    format!("{} ({id})", kind.title)
}

pub(super) fn another_attempt(Attempts { number, max, .. }: Attempts) -> String {
    format!("Attempt {number} of {max}")
}

pub(super) const REUSED: &str = "Reused: an earlier attempt did this stage";
pub(super) const STAGE_FAILED: &str = "This stage failed";
pub(super) const CANCELLING: &str = "Cancelling …";
pub(super) const CANCELLED: &str = "Cancelled";

pub(super) fn failed(message: &str) -> String {
    format!("Failed: {message}")
}

/// A line of the log, or the status line.
pub(super) fn at_level(level: Level, text: &str) -> String {
    match level {
        Level::Info => text.to_owned(),
        Level::Warning => format!("Warning: {text}"),
        Level::Error => format!("Error: {text}"),
    }
}

pub(super) const LEFT_BEHIND: &str =
    "the operation does not stop: it ends as cancelled when its lease runs out";

pub(super) fn handed_back(id: OperationId) -> String {
    format!("operation {id} is back in the queue")
}

pub(super) fn taken_over(id: OperationId) -> String {
    format!("operation {id} goes on in another process")
}

pub(super) fn unknown_operation(id: OperationId) -> String {
    format!("there is no operation {id}")
}

pub(super) fn same_is_there(id: OperationId) -> String {
    format!("operation {id} counts as the same and has not ended")
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
pub(super) const RESTARTED: &str = "It waits for its next run.";
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

/// The state of an operation in a table.
pub(super) fn state(state: OperationState) -> &'static str {
    state.as_str()
}

pub(super) fn not_registered(op_type: &str) -> String {
    format!("the application does not know operations of type `{op_type}`")
}

pub(super) const RESULT: &str = "Result:";
pub(super) const TRACEBACK: &str = "Traceback:";
pub(super) const LOG: &str = "Log:";

/// What a row says in a line each, with its name.
pub(super) fn facts(kind: &OperationKind, row: &Model) -> Vec<(&'static str, String)> {
    let Attempts { number, max, .. } = row.attempts();
    let time =
        |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let facts = [
        ("Operation", Some(began(&Subject { kind: *kind, id: row.operation_id() }))),
        ("Type", Some(row.op_type.clone())),
        ("Owner", Some(row.owner.clone())),
        ("State", Some(state(row.state()).to_owned())),
        ("Attempt", Some(format!("{number} of {max}"))),
        ("Created", time(Some(row.created_on))),
        ("Started", time(row.started_on)),
        ("Ended", time(row.finished_on)),
        ("Worker", row.worker.clone()),
        ("Status", Some(row.status_text.clone()).filter(|status| !status.is_empty())),
        ("Error", row.error_message.clone()),
        ("Input", Some(row.input.to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
