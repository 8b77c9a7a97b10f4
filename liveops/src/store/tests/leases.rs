//! Leases: their duration in the row, and heartbeats that wait for no lock.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};
use sea_orm_migration::MigratorTrait;

use super::{
    database::{TestDatabase, on_every_database, value},
    operations::{KIND, LEASE, claim_of, claimed, enqueued, rescued, store},
};
use crate::{
    event::{Ending, Event},
    operation::{Attempt, OperationId},
    projection::Projection,
    store::{
        Heartbeat, HeartbeatReply, Lease, Migrator, OwnConnection, RunConclusion, Store, migrations,
    },
};

const SHORTER: Duration = Duration::from_millis(1_500);

fn heartbeat(id: OperationId, attempt: u32) -> Heartbeat {
    Heartbeat { id, attempt: Attempt(attempt), status: None, percent: None }
}

fn reply(id: OperationId, is_renewed: bool) -> HeartbeatReply {
    HeartbeatReply { id, cancel_requested: false, is_renewed }
}

async fn leases(store: &Store) -> Vec<Lease> {
    store.leases("w1").await.unwrap()
}

/// Returns the duration of the only lease, as another process reads it.
async fn duration(store: &Store) -> Option<Duration> {
    let leases = leases(store).await;
    assert_eq!(leases.len(), 1);
    leases[0].duration
}

async fn lease_ms(store: &Store, id: OperationId) -> Option<i64> {
    store.find(id).await.unwrap().unwrap().lease_ms
}

on_every_database! {
    async fn a_lease_has_the_duration_of_its_holder_until_it_ends(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        assert_eq!(duration(&store).await, Some(LEASE));
        assert!(leases(&store).await[0].is_own);
        assert!(!store.leases("w2").await.unwrap()[0].is_own);

        store.heartbeat(&[heartbeat(id, 1)], SHORTER).await.unwrap();
        assert_eq!(duration(&store).await, Some(SHORTER));
        store.reclaim(id, Attempt(1), LEASE).await.unwrap().unwrap();
        assert_eq!(duration(&store).await, Some(LEASE));
        store.save(id, Attempt(1), &Projection::new(3), &KIND, SHORTER).await.unwrap().unwrap();
        assert_eq!(duration(&store).await, Some(SHORTER));

        store.put_back(id, Attempt(1)).await.unwrap().unwrap();
        assert_eq!(lease_ms(&store, id).await, None);

        store.claim(id, "w1", LEASE).await.unwrap().unwrap();
        let mut projection = Projection::new(3);
        projection.apply(Event::Ended(Ending::Cancelled));
        let end = RunConclusion { ending: &Ending::Cancelled, traceback: None, projection: &projection, log: &[] };
        store.finish_run(&claim_of(id, 2), end, None).await.unwrap().unwrap();
        assert_eq!(lease_ms(&store, id).await, None);
    }

    async fn a_run_of_an_earlier_version_has_a_lease_without_a_duration(db: TestDatabase) {
        let store = store(&db).await;
        claimed(&store).await;
        let migrations = migrations();
        let names = migrations.iter().map(|migration| migration.name());
        let later = names.skip_while(|name| *name != "liveops_0003_add_lease_duration").count();
        Migrator::down(store.db(), Some(later as u32)).await.unwrap();
        store.migrate().await.unwrap();
        assert_eq!(duration(&store).await, None);
    }

    async fn a_heartbeat_is_answered_for_the_runs_of_the_worker_alone(db: TestDatabase) {
        let store = store(&db).await;
        let (held, taken_over) = (claimed(&store).await, claimed(&store).await);
        store.put_back(taken_over, Attempt(1)).await.unwrap().unwrap();
        store.claim(taken_over, "w2", LEASE).await.unwrap().unwrap();
        let waiting = enqueued(&store).await;
        let heartbeats = [heartbeat(held, 1), heartbeat(taken_over, 1), heartbeat(waiting, 1)];
        assert_eq!(store.heartbeat(&heartbeats, LEASE).await.unwrap(), [reply(held, true)]);
        let runs = [(held, Attempt(1)), (taken_over, Attempt(1)), (waiting, Attempt(1))];
        assert_eq!(store.held(runs).await.unwrap(), [reply(held, false)]);
    }

    async fn a_locked_row_is_not_waited_for(db: TestDatabase) {
        let store = store(&db).await;
        if store.db().get_database_backend() != DbBackend::Postgres {
            return;
        }
        let (locked, free) = (claimed(&store).await, claimed(&store).await);
        let before = leases(&store).await;
        let transaction = store.db().begin().await.unwrap();
        let lock = format!("SELECT FROM liveops_operation WHERE id = '{locked}' FOR SHARE");
        transaction.execute_unprepared(&lock).await.unwrap();
        let heartbeats = [heartbeat(locked, 1), heartbeat(free, 1)];
        let replies = store.heartbeat(&heartbeats, LEASE).await.unwrap();
        assert_eq!(replies, [reply(free, true), reply(locked, false)]);
        let updatable = store.updatable(vec![locked, free]).await.unwrap();
        assert_eq!(updatable.into_iter().collect::<Vec<_>>(), [free]);
        let lease = *before.iter().find(|lease| lease.id == locked).unwrap();
        assert_eq!(rescued(&store, lease).await, None);

        transaction.rollback().await.unwrap();
        let replies = store.heartbeat(&[heartbeat(locked, 1)], LEASE).await.unwrap();
        assert_eq!(replies, [reply(locked, true)]);
    }

    async fn a_reference_to_a_row_does_not_lock_its_lease(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let table = "CREATE TABLE attachment (operation uuid REFERENCES liveops_operation (id))";
        store.db().execute_unprepared(table).await.unwrap();
        if store.db().get_database_backend() != DbBackend::Postgres {
            return;
        }
        let transaction = store.db().begin().await.unwrap();
        let insert = format!("INSERT INTO attachment VALUES ('{id}')");
        transaction.execute_unprepared(&insert).await.unwrap();
        assert_eq!(store.heartbeat(&[heartbeat(id, 1)], LEASE).await.unwrap(), [reply(id, true)]);
        assert!(store.updatable(vec![id]).await.unwrap().contains(&id));
        transaction.rollback().await.unwrap();
    }
}

/// A lease of a moment ago is worth no wait for the disk. All other writes are.
#[tokio::test]
async fn only_the_connection_of_heartbeats_commits_without_the_disk() {
    const DEFAULT: &str = "DO $$ BEGIN EXECUTE \
        format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$";

    let Some(db) = TestDatabase::postgres().await else { return };
    let store = store(&db).await;
    store.db().execute_unprepared(DEFAULT).await.unwrap();
    let own = || OwnConnection::kept_open(&store, LEASE);
    for (connection, expected) in [(own(), "on"), (own().without_durable_commits(), "off")] {
        let read =
            async |store: Store| Ok(value::<String>(store.db(), "SHOW synchronous_commit").await);
        assert_eq!(connection.run("read a setting", read).await.unwrap(), expected);
    }
}
