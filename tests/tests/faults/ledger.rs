//! A table in which the database itself notes every write of an operation's row.

use liveops::{OperationId, OperationState};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde::Deserialize;
use uuid::Uuid;

use super::history::{Author, LoggedLine, PastAttempt, Row, Write};

/// Has every write noted from now on.
pub(crate) async fn install(db: &DatabaseConnection) {
    let statements = match db.get_database_backend() {
        DbBackend::Sqlite => in_sqlite(),
        _ => in_postgres(),
    };
    for statement in statements {
        db.execute_unprepared(&statement).await.unwrap();
    }
}

fn in_sqlite() -> Vec<String> {
    let note = |old: &str| {
        let new = object("json_object", "NEW", "NEW.result_context ->> '$'");
        format!("INSERT INTO history (id, old, new) VALUES (lower(hex(NEW.id)), {old}, {new});")
    };
    let (inserted, updated) = (note("NULL"), note(&object("json_object", "OLD", "NULL")));
    vec![
        "CREATE TABLE history (seq integer PRIMARY KEY AUTOINCREMENT, id text, old text, new text)"
            .to_owned(),
        format!(
            "CREATE TRIGGER note_insert AFTER INSERT ON liveops_operation BEGIN {inserted} END"
        ),
        format!("CREATE TRIGGER note_update AFTER UPDATE ON liveops_operation BEGIN {updated} END"),
    ]
}

fn in_postgres() -> Vec<String> {
    let new = object("json_build_object", "NEW", "NEW.result_context::text");
    let old = object("json_build_object", "OLD", "NULL");
    vec![
        "CREATE TABLE history (seq bigserial PRIMARY KEY, id text, old text, new text)".to_owned(),
        format!(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO history (id, old, new) VALUES (NEW.id::text, \
             CASE WHEN TG_OP = 'UPDATE' THEN {old}::text END, {new}::text); \
             RETURN NULL; END $$"
        ),
        "CREATE TRIGGER note AFTER INSERT OR UPDATE ON liveops_operation \
         FOR EACH ROW EXECUTE FUNCTION note()"
            .to_owned(),
    ]
}

/// The SQL of a JSON object with what is noted of `row`.
fn object(function: &str, row: &str, output: &str) -> String {
    format!(
        "{function}('state', CASE WHEN {row}.finished_on IS NULL AND {row}.started_on IS NULL \
         THEN 'NOT_STARTED' WHEN {row}.finished_on IS NULL THEN 'STARTED' \
         WHEN {row}.cancelled THEN 'CANCELLED' \
         WHEN {row}.finished_successfully THEN 'FINISHED_OK' ELSE 'FINISHED_ERROR' END, \
         'attempt', {row}.attempt, 'attempts_before', {row}.attempts_before, \
         'max_attempts', {row}.max_attempts, 'rescues', {row}.rescues, 'hand_backs', {row}.hand_backs, 'worker', {row}.worker, 'status', {row}.status_text, \
         'output', {output})"
    )
}

/// Everything noted so far: for each row in the order in which it was committed.
pub(crate) async fn read(db: &DatabaseConnection) -> Vec<Write> {
    let statement = "SELECT id, old, new FROM history ORDER BY seq";
    let backend = db.get_database_backend();
    let rows = db.query_all_raw(Statement::from_string(backend, statement)).await.unwrap();
    let writes = rows.iter().map(|row| {
        let text = |column| row.try_get::<Option<String>>("", column).unwrap();
        Write {
            id: Uuid::parse_str(&text("id").unwrap()).unwrap().into(),
            before: text("old").map(|old| noted(&old)),
            after: noted(&text("new").unwrap()),
        }
    });
    writes.collect()
}

#[derive(Debug, Deserialize)]
struct Noted {
    state: OperationState,
    attempt: u32,
    attempts_before: u32,
    max_attempts: u32,
    rescues: u32,
    hand_backs: u32,
    /// `pid-<process>-<random>`.
    worker: Option<String>,
    status: String,
    /// The output, as JSON.
    output: Option<String>,
}

/// The attempts that the database keeps.
pub(crate) async fn attempts(db: &DatabaseConnection) -> Vec<PastAttempt> {
    let statement = "SELECT operation, attempt, worker, outcome FROM liveops_attempt";
    let backend = db.get_database_backend();
    let rows = db.query_all_raw(Statement::from_string(backend, statement)).await.unwrap();
    let attempts = rows.iter().map(|row| {
        let attempt: i32 = row.try_get("", "attempt").unwrap();
        let worker: String = row.try_get("", "worker").unwrap();
        PastAttempt {
            id: row.try_get::<Uuid>("", "operation").unwrap().into(),
            by: Author { attempt: attempt.try_into().unwrap(), pid: pid(&worker).unwrap() },
            outcome: row.try_get("", "outcome").unwrap(),
        }
    });
    attempts.collect()
}

/// The actions that the database keeps, in their order.
pub(crate) async fn actions(db: &DatabaseConnection) -> Vec<(OperationId, String)> {
    let statement =
        "SELECT operation, kind FROM liveops_action WHERE operation IS NOT NULL ORDER BY id";
    let backend = db.get_database_backend();
    let rows = db.query_all_raw(Statement::from_string(backend, statement)).await.unwrap();
    let action = |row: &sea_orm::QueryResult| {
        let id = row.try_get::<Uuid>("", "operation").unwrap();
        (id.into(), row.try_get("", "kind").unwrap())
    };
    rows.iter().map(action).collect()
}

/// The log lines that the database keeps.
pub(crate) async fn log(db: &DatabaseConnection) -> Vec<LoggedLine> {
    let statement =
        "SELECT operation, first_line, lines FROM liveops_log ORDER BY operation, first_line";
    let backend = db.get_database_backend();
    let chunks = db.query_all_raw(Statement::from_string(backend, statement)).await.unwrap();
    let mut log = Vec::new();
    for chunk in chunks {
        let id = chunk.try_get::<Uuid>("", "operation").unwrap().into();
        let first: i64 = chunk.try_get("", "first_line").unwrap();
        let lines: serde_json::Value = chunk.try_get("", "lines").unwrap();
        for (number, line) in (first..).zip(lines.as_array().unwrap()) {
            let mut words = line["text"].as_str().unwrap().split(' ');
            let by = words.next().and_then(|by| by.parse::<Author>().ok());
            let step = by.zip(words.next().and_then(|step| step.parse().ok()));
            log.push(LoggedLine { id, number, step });
        }
    }
    log
}

/// The process of a worker.
fn pid(worker: &str) -> Option<u32> {
    worker.split('-').nth(1)?.parse().ok()
}

fn noted(json: &str) -> Row {
    let noted: Noted = serde_json::from_str(json).unwrap();
    let author = |text: String| -> Author { text.parse().unwrap() };
    let by = |json: String| -> String {
        let output: serde_json::Value = serde_json::from_str(&json).unwrap();
        output["by"].as_str().unwrap().to_owned()
    };
    Row {
        state: noted.state,
        attempt: noted.attempt,
        attempts_before: noted.attempts_before,
        max_attempts: noted.max_attempts,
        rescues: noted.rescues,
        hand_backs: noted.hand_backs,
        worker: noted.worker.map(|worker| pid(&worker).unwrap()),
        status: Some(noted.status).filter(|status| !status.is_empty()).map(author),
        output: noted.output.map(|json| author(by(json))),
    }
}
