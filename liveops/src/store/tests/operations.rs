//! The operations of the store's tests. No test runs them: the rows are what the tests are about.

use std::time::Duration;

use chrono::Utc;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use serde::{Deserialize, Serialize};

use super::{database::TestDatabase, large_table::LargeTable};
use crate::{
    LiveOperation,
    operation::{Action, ActionKind, Attempt, NewOperation, OperationId, OperationKind},
    projection::Projection,
    store::{ClaimedAttempt, Lease, LostAttempt, Model, Store},
};

pub(super) const LEASE: Duration = Duration::from_secs(30);
pub(super) const KIND: OperationKind = OperationKind::of::<Steps>();

/// Actions of the application.
pub(super) const CANCEL: Action = Action { kind: ActionKind::Cancel, actor: None };
pub(super) const RETRY: Action = Action { kind: ActionKind::Retry, actor: None };

/// An operation of three stages.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Process", "Save")]
#[liveop(app = "test", crate = crate)]
pub(super) struct Steps {}

/// An operation without stages.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", crate = crate)]
pub(super) struct Greeting {
    pub(super) name: String,
}

/// Returns a store with tables in `db`.
pub(super) async fn store(db: &TestDatabase) -> Store {
    let store = Store::new(db.connect().await);
    store.migrate().await.unwrap();
    store
}

/// Lets this version insert rows into the tables of an earlier version, which has no default for the log.
pub(super) async fn default_log(db: &DatabaseConnection) {
    if db.get_database_backend() == DbBackend::Postgres {
        let default = "ALTER TABLE liveops_operation ALTER COLUMN log SET DEFAULT '[]'";
        db.execute_unprepared(default).await.unwrap();
    }
}

/// Fills the table with 60,020 operations, and has PostgreSQL collect its statistics.
pub(super) async fn fill(store: &Store) {
    fill_without_statistics(store).await;
    if store.backend() == DbBackend::Postgres {
        // `VACUUM` marks only pages whose commits are on the disk, and the server of the tests does not wait for it.
        for statement in ["CHECKPOINT", "VACUUM ANALYZE liveops_operation"] {
            store.db().execute_unprepared(statement).await.unwrap();
        }
    }
}

/// Fills the table with 60,020 operations.
pub(super) async fn fill_without_statistics(store: &Store) {
    let table = LargeTable {
        ended: 40_000,
        running: 20,
        waiting: 20_000,
        scheduled: 5_000,
        of_another_type: 5_000,
        has_contents: false,
    };
    let is_postgres = store.backend() == DbBackend::Postgres;
    store.db().execute_unprepared(&table.insertion(is_postgres)).await.unwrap();
}

pub(super) fn new_operation() -> NewOperation {
    NewOperation::new(&Steps {}, "ann").unwrap()
}

/// Enqueues an operation of Ann's.
pub(super) async fn enqueued(store: &Store) -> OperationId {
    store.insert(store.db(), new_operation()).await.unwrap().operation_id()
}

/// Enqueues an operation and claims it for the worker `w1`.
pub(super) async fn claimed(store: &Store) -> OperationId {
    let id = enqueued(store).await;
    store.claim(id, "w1", LEASE).await.unwrap().expect("it waits");
    id
}

/// Returns an attempt of an operation, as the worker `w1` claimed it.
pub(super) fn claim_of(id: OperationId, attempt: u32) -> ClaimedAttempt {
    ClaimedAttempt {
        id,
        attempt: Attempt(attempt),
        kind: KIND,
        worker: Some("w1".to_owned()),
        started_on: Some(Utc::now()),
    }
}

/// Puts a run whose worker stopped responding back into the queue.
pub(super) async fn rescued(store: &Store, lease: Lease) -> Option<Model> {
    let lost = LostAttempt {
        claimed: &claim_of(lease.id, lease.attempt.0),
        projection: &Projection::new(3),
        traceback: "not renewed",
    };
    store.rescue(lease, lost, "lost").await.unwrap()
}
