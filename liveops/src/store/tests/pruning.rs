//! Pruning deletes operations that ended long ago, and nothing else.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter,
    SqlxPostgresConnector, TransactionTrait, sea_query::Expr, sqlx::postgres::PgPoolOptions,
};
use tokio::time::{self, timeout};

use super::{
    database::{TestDatabase, is_waiting, on_every_database, value},
    operations::{RETRY, new_operation, store},
};
use crate::{
    LiveOps,
    operation::{OperationId, OperationState},
    store::{Column, Entity, RetryTransition, Store},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn liveops(store: &Store) -> LiveOps {
    LiveOps::builder(store.db().clone()).build().unwrap()
}

fn days_ago(days: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::days(days)
}

/// Enqueues `count` operations.
async fn enqueued(store: &Store, count: usize) -> Vec<OperationId> {
    let transaction = store.db().begin().await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(store.insert(&transaction, new_operation()).await.unwrap().operation_id());
    }
    transaction.commit().await.unwrap();
    ids
}

/// Puts waiting operations into this state, with all times set to `on`.
async fn set_state(store: &Store, ids: &[OperationId], state: OperationState, on: DateTime<Utc>) {
    let ids = ids.iter().map(|id| id.as_uuid());
    let started = (state != OperationState::NotStarted).then_some(on);
    Entity::update_many()
        .filter(Column::Id.is_in(ids))
        .col_expr(Column::CreatedOn, Expr::value(on))
        .col_expr(Column::RunAfter, Expr::value(on))
        .col_expr(Column::StartedOn, Expr::value(started))
        .col_expr(Column::FinishedOn, Expr::value(state.is_terminal().then_some(on)))
        .col_expr(Column::Cancelled, Expr::value(state == OperationState::Cancelled))
        .col_expr(Column::FinishedSuccessfully, Expr::value(state == OperationState::FinishedOk))
        .exec(store.db())
        .await
        .unwrap();
}

/// Creates `count` operations that ended `days` days ago.
async fn ended(store: &Store, count: usize, days: i64) -> Vec<OperationId> {
    let ids = enqueued(store, count).await;
    set_state(store, &ids, OperationState::FinishedOk, days_ago(days)).await;
    ids
}

on_every_database! {
    async fn only_operations_that_ended_longer_ago_are_deleted(db: TestDatabase) {
        let store = store(&db).await;
        let mut stay = Vec::new();
        let mut go = Vec::new();
        for state in OperationState::ALL {
            let ids = enqueued(&store, 2).await;
            let (old, new) = ids.split_at(1);
            set_state(&store, old, state, days_ago(31)).await;
            set_state(&store, new, state, days_ago(29)).await;
            assert_eq!(store.find(old[0]).await.unwrap().unwrap().state(), state);
            if state.is_terminal() { go.push(old[0]) } else { stay.push(old[0]) }
            stay.push(new[0]);
        }
        assert_eq!(liveops(&store).prune(DAY * 30).await.unwrap(), go.len() as u64);
        for (ids, is_there) in [(stay, true), (go, false)] {
            for id in ids {
                assert_eq!(store.find(id).await.unwrap().is_some(), is_there, "{id}");
            }
        }
    }

    async fn an_age_before_the_calendar_deletes_nothing(db: TestDatabase) {
        let store = store(&db).await;
        let ids = ended(&store, 1, 3).await;
        for age in [Duration::MAX, DAY * 365 * 1_000_000] {
            assert_eq!(liveops(&store).prune(age).await.unwrap(), 0);
        }
        assert!(store.find(ids[0]).await.unwrap().is_some());
    }

    async fn a_batch_deletes_the_earliest_endings_first(db: TestDatabase) {
        let store = store(&db).await;
        let newer = ended(&store, 2, 2).await;
        let older = ended(&store, 2, 3).await;
        assert_eq!(store.prune(days_ago(1), None, 2).await.unwrap().deleted, 2);
        for (id, is_there) in [(newer[0], true), (newer[1], true), (older[0], false), (older[1], false)] {
            assert_eq!(store.find(id).await.unwrap().is_some(), is_there, "{id}");
        }
        assert_eq!(store.prune(days_ago(1), None, 9).await.unwrap().deleted, 2);
        assert_eq!(store.prune(days_ago(1), None, 9).await.unwrap().deleted, 0);
    }

    async fn operations_that_the_application_references_stay_and_stop_no_other(db: TestDatabase) {
        const REFERENCE: &str = "CREATE TABLE of_the_application ( \
            operation uuid NOT NULL REFERENCES liveops_operation (id))";
        let store = store(&db).await;
        let (held, free) = (ended(&store, 2, 9).await, ended(&store, 3, 3).await);
        store.db().execute_unprepared(REFERENCE).await.unwrap();
        let refer = "INSERT INTO of_the_application SELECT id FROM liveops_operation \
                     WHERE finished_on = (SELECT min(finished_on) FROM liveops_operation)";
        store.db().execute_unprepared(refer).await.unwrap();

        let batch = store.prune(days_ago(1), None, 2).await.unwrap();
        assert_eq!((batch.deleted, batch.held), (0, 2));
        let batch = store.prune(days_ago(1), batch.continue_at, 2).await.unwrap();
        assert_eq!((batch.deleted, batch.held), (2, 0));
        assert_eq!(liveops(&store).prune(DAY).await.unwrap(), 1);
        for (ids, is_there) in [(held, true), (free, false)] {
            for id in ids {
                assert_eq!(store.find(id).await.unwrap().is_some(), is_there, "{id}");
            }
        }
        store.db().execute_unprepared("DELETE FROM of_the_application").await.unwrap();
        assert_eq!(liveops(&store).prune(DAY).await.unwrap(), 2);
    }

    async fn stage_outputs_are_deleted_with_their_operation(db: TestDatabase) {
        const COUNT: &str = "SELECT count(*) FROM liveops_stage_output";
        let store = store(&db).await;
        ended(&store, 1, 3).await;
        let kept = ended(&store, 1, 1).await;
        let save = "INSERT INTO liveops_stage_output (operation, stage, output) \
                    SELECT id, 'Load', input FROM liveops_operation";
        store.db().execute_unprepared(save).await.unwrap();
        assert_eq!(value::<i64>(store.db(), COUNT).await, 2);
        assert_eq!(liveops(&store).prune(DAY * 2).await.unwrap(), 1);
        assert_eq!(value::<i64>(store.db(), COUNT).await, 1);
        assert!(store.find(kept[0]).await.unwrap().is_some());
    }

    async fn attempts_and_actions_are_deleted_with_their_operation(db: TestDatabase) {
        const COUNT: &str = "SELECT count(*) FROM liveops_attempt";
        const ACTIONS: &str = "SELECT count(*) FROM liveops_action WHERE operation IS NOT NULL";
        let store = store(&db).await;
        ended(&store, 3, 3).await;
        let kept = ended(&store, 1, 1).await;
        let record = "INSERT INTO liveops_attempt (operation, attempt, started_on, ended_on, outcome) \
                      SELECT id, 1, started_on, finished_on, 'finished' FROM liveops_operation";
        store.db().execute_unprepared(record).await.unwrap();
        let record = "INSERT INTO liveops_action (id, operation, at, kind) \
                      SELECT id, id, finished_on, 'cancel' FROM liveops_operation";
        store.db().execute_unprepared(record).await.unwrap();
        assert_eq!((value::<i64>(store.db(), COUNT).await, value::<i64>(store.db(), ACTIONS).await), (4, 4));
        assert_eq!(liveops(&store).prune(DAY * 2).await.unwrap(), 3);
        assert_eq!((value::<i64>(store.db(), COUNT).await, value::<i64>(store.db(), ACTIONS).await), (1, 1));
        let row = store.find(kept[0]).await.unwrap().expect("it ended later");
        assert_eq!(store.past_attempts(&row).await.unwrap().len(), 1);
    }

    async fn others_can_write_between_two_batches(db: TestDatabase) {
        const OLD: usize = 1_201;
        let store = store(&db).await;
        ended(&store, OLD, 3).await;
        let liveops = liveops(&store);
        let others = (0..20).map(async |_| enqueued(&store, 1).await);
        let (pruned, others) = tokio::join!(liveops.prune(DAY), future::join_all(others));
        assert_eq!(pruned.unwrap(), OLD as u64);
        assert_eq!(others.len() as u64, Entity::find().count(store.db()).await.unwrap());
    }

    async fn an_operation_that_is_retried_meanwhile_stays(db: TestDatabase) {
        let store = store(&db).await;
        let ids = ended(&store, 1, 3).await;
        let transaction = store.begin().await.unwrap();
        let retried = store.retry(&transaction, ids[0], &RETRY).await.unwrap();
        assert!(matches!(retried, RetryTransition::Retried(_)), "{retried:?}");
        let pruning = tokio::spawn({
            let store = store.clone();
            async move { store.prune(days_ago(1), None, 9).await }
        });
        // The prune has selected the row and waits for its lock. On SQLite, the prune cannot begin before the
        // commit of the retry.
        if store.db().get_database_backend() == DbBackend::Postgres {
            let waits = is_waiting(store.db(), "DELETE");
            timeout(Duration::from_secs(60), waits).await.expect("the prune waits for the lock");
        }
        store.commit(transaction).await.unwrap();
        assert_eq!(pruning.await.unwrap().unwrap().deleted, 0);
        let row = store.find(ids[0]).await.unwrap().expect("the row exists");
        assert_eq!(row.state(), OperationState::NotStarted);
    }
}

/// A server may delete a large batch for longer than a request would wait.
#[tokio::test]
async fn a_prune_waits_for_the_server_without_a_deadline() {
    let Some(db) = TestDatabase::postgres().await else { return };
    ended(&store(&db).await, 1, 3).await;
    let options = db.connect().await.get_postgres_connection_pool().connect_options();
    // A test of the connection would be a wait with a deadline of the pool.
    let pool = PgPoolOptions::new().test_before_acquire(false);
    let pool = pool.connect_with((*options).clone()).await.unwrap();
    let store = Store::new(SqlxPostgresConnector::from_sqlx_postgres_pool(pool));
    // Every deadline passes at once.
    time::pause();
    assert_eq!(store.prune(days_ago(1), None, 9).await.unwrap().deleted, 1);
}
