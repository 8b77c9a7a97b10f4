//! Workers whose rows, or whole database, somebody else holds for longer than a lease.

use std::time::Duration;

use liveops::{OperationState, store};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::time::sleep;

use super::{
    dice::runs,
    scene::{LEASE, Scene},
    support::database::on_every_database,
};

const LONGEST: Duration = Duration::from_millis(300);

/// How often something is locked: each time takes longer than a lease.
const LOCKS: usize = 3;

on_every_database! {
    async fn what_somebody_locks_costs_no_run_its_lease(database: TestDatabase) {
        let mut scene = Scene::set("locked", &database.url(), 8).await;
        let runs = runs(200);
        for _ in 0..3 {
            scene.fleet.hire();
        }
        let somebody = store::connect(&database.url()).await.unwrap();
        for _ in 0..LOCKS {
            scene.enqueue(runs / LOCKS, 1, LONGEST).await;
            let lines = scene.dice.among(1..100);
            scene.after_lines(lines).await;
            let lock = scene.dice.among(0..LOCKED_ON_POSTGRES.len());
            hold(&somebody, lock).await;
        }
        let history = scene.conclude().await;
        assert_eq!(history.ended_as(OperationState::FinishedOk), history.enqueued.len());
        assert_eq!(history.rescues(), 0);
    }
}

/// The rows of all runs, and the whole table as a statement that builds an index locks it.
const LOCKED_ON_POSTGRES: [&str; 2] = [
    "SELECT FROM liveops_operation WHERE started_on IS NOT NULL AND finished_on IS NULL FOR UPDATE",
    "LOCK TABLE liveops_operation IN SHARE MODE",
];

async fn hold(db: &DatabaseConnection, lock: usize) {
    let mode = Some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
    let transaction = db.begin_with_options(options).await.unwrap();
    if db.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(LOCKED_ON_POSTGRES[lock]).await.unwrap();
    }
    sleep(LEASE * 3 / 2).await;
    transaction.rollback().await.unwrap();
}
