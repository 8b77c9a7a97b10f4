//! A table in which the database itself notes every step that an operation takes.

use std::collections::HashMap;

use liveops::OperationState;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde::Deserialize;

/// A write of an operation's row.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) before: Option<Noted>,
    pub(crate) after: Noted,
}

/// What is noted of a row.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Noted {
    pub(crate) state: OperationState,
    attempt: u32,
    /// The attempts that do not count.
    attempts_before: u32,
    rescues: u32,
    worker: Option<String>,
}

/// Has every write noted from now on.
pub(crate) async fn install(db: &DatabaseConnection) {
    let noted = |row: &str| {
        format!(
            "json_build_object('state', CASE WHEN {row}.finished_on IS NULL AND \
             {row}.started_on IS NULL THEN 'NOT_STARTED' WHEN {row}.finished_on IS NULL THEN 'STARTED' \
             WHEN {row}.cancelled THEN 'CANCELLED' WHEN {row}.finished_successfully \
             THEN 'FINISHED_OK' ELSE 'FINISHED_ERROR' END, 'attempt', {row}.attempt, \
             'attempts_before', {row}.attempts_before, 'rescues', {row}.rescues, \
             'worker', {row}.worker)"
        )
    };
    let (old, new) = (noted("OLD"), noted("NEW"));
    for statement in [
        "CREATE TABLE ledger (seq bigserial PRIMARY KEY, id text, old text, new text)".to_owned(),
        format!(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO ledger (id, old, new) VALUES (NEW.id::text, \
             CASE WHEN TG_OP = 'UPDATE' THEN {old}::text END, {new}::text); \
             RETURN NULL; END $$"
        ),
        "CREATE TRIGGER note AFTER INSERT OR UPDATE ON liveops_operation \
         FOR EACH ROW EXECUTE FUNCTION note()"
            .to_owned(),
    ] {
        db.execute_unprepared(&statement).await.unwrap();
    }
}

/// The steps of each operation, in the order in which they were committed.
pub(crate) async fn read(db: &DatabaseConnection) -> HashMap<String, Vec<Step>> {
    let statement = "SELECT id, old, new FROM ledger ORDER BY seq";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, statement)).await;
    let mut steps: HashMap<String, Vec<Step>> = HashMap::new();
    for row in rows.unwrap() {
        let text = |column| row.try_get::<Option<String>>("", column).unwrap();
        let before = text("old").map(|old| serde_json::from_str(&old).unwrap());
        let after = serde_json::from_str(&text("new").unwrap()).unwrap();
        steps.entry(text("id").unwrap()).or_default().push(Step { before, after });
    }
    steps
}

impl Noted {
    /// How many attempts count by now; while the operation waits, with the one to be made.
    fn spent(&self) -> u32 {
        self.attempt - self.attempts_before
    }

    /// The process that runs it, or ran it last.
    fn pid(&self) -> Option<u32> {
        self.worker.as_ref()?.split('-').nth(1)?.parse().ok()
    }
}

impl Step {
    /// Somebody took the operation, and runs it.
    pub(crate) fn is_claim(&self) -> bool {
        self.went(OperationState::NotStarted, OperationState::Started)
    }

    /// The operation waits again.
    pub(crate) fn is_requeue(&self) -> bool {
        self.went(OperationState::Started, OperationState::NotStarted)
    }

    /// Whoever ran it gave it back, which costs no attempt.
    pub(crate) fn is_hand_back(&self) -> bool {
        let before = self.before.as_ref().map(Noted::spent);
        self.is_requeue() && before == Some(self.after.spent())
    }

    /// Whoever ran it was counted as lost.
    pub(crate) fn is_rescue(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.rescues < self.after.rescues)
    }

    /// The process that ran it before this.
    pub(crate) fn run_by(&self) -> Option<u32> {
        self.before.as_ref()?.pid()
    }

    fn went(&self, from: OperationState, to: OperationState) -> bool {
        self.before.as_ref().is_some_and(|row| row.state == from) && self.after.state == to
    }
}
