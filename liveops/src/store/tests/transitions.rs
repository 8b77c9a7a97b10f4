//! The transitions of an operation's row: each transition is complete, happens once, and is open only to the
//! attempt that owns the row.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::NotSet,
    ConnectionTrait,
    sea_query::{Expr, IntoIden, Query},
};
use sea_orm_migration::MigratorTrait;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    database::on_every_database,
    operations::{
        CANCEL, Greeting, KIND, LEASE, RETRY, claim_of, claimed, enqueued, new_operation, store,
    },
};
use crate::{
    event::{self, Event, StageState},
    operation::{Attempt, NewOperation, OperationId, OperationState},
    projection::Projection,
    store::{
        self, CancelTransition, Claim, Columns, Heartbeat, ListFilter, OwnerLimits, OwnerTurn,
        RetryTransition, RunConclusion, Store, recorded_write::set_values,
    },
};

fn conclusion<'a>(ending: &'a event::Ending, projection: &'a Projection) -> RunConclusion<'a> {
    RunConclusion { ending, traceback: None, projection, log: &[] }
}

async fn claimed_next(store: &Store, op_types: &[&str]) -> Vec<OperationId> {
    let (running, turn) = (HashMap::new(), OwnerTurn::default());
    let owners = OwnerLimits { running_max: u64::MAX, running: &running, turn: &turn };
    let inputs: &[_] = &op_types.iter().map(|op_type| (*op_type, 1)).collect::<Vec<_>>();
    let claim = Claim { inputs, queues: &[], worker: "w", lease: LEASE, limit: 100, owners };
    let rows = store.claim_next(claim).await.unwrap();
    rows.iter().map(store::Model::operation_id).collect()
}

async fn retry(store: &Store, id: OperationId) -> RetryTransition {
    store.retry(store.db(), id, &RETRY).await.unwrap()
}

async fn state(store: &Store, id: OperationId) -> OperationState {
    store.find(id).await.unwrap().unwrap().state()
}

on_every_database! {
    async fn migrating_twice_changes_nothing(db: TestDatabase) {
        let store = store(&db).await;
        let id = enqueued(&store).await;
        store.migrate().await.unwrap();
        assert!(store.find(id).await.unwrap().is_some());
    }

    async fn processes_that_start_at_once_migrate_one_after_another(db: TestDatabase) {
        let mut processes = JoinSet::new();
        for _ in 0..8 {
            let process = Store::new(db.connect().await);
            processes.spawn(async move { process.migrate().await });
        }
        while let Some(migrated) = processes.join_next().await {
            migrated.unwrap().unwrap();
        }
        enqueued(&store(&db).await).await;
    }

    async fn a_new_operation_waits(db: TestDatabase) {
        let store = store(&db).await;
        let id = enqueued(&store).await;
        let row = store.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::NotStarted);
        assert_eq!((row.op_type.as_str(), row.owner.as_str()), ("test.steps", "ann"));
        assert_eq!(row.input, json!({}));
        assert_eq!(claimed_next(&store, &["test.other"]).await, []);
        assert_eq!(claimed_next(&store, &["test.steps"]).await, [id]);
    }

    async fn a_rolled_back_insert_leaves_no_row(db: TestDatabase) {
        use sea_orm::TransactionTrait;
        let store = store(&db).await;
        let transaction = store.db().begin().await.unwrap();
        let row = store.insert(&transaction, new_operation()).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(store.find(row.operation_id()).await.unwrap(), None);
    }

    async fn one_of_many_claims_wins(db: TestDatabase) {
        let store = store(&db).await;
        let id = enqueued(&store).await;
        let claims = (0..16).map(|n| {
            let store = store.clone();
            async move { store.claim(id, &format!("w{n}"), LEASE).await.unwrap() }
        });
        let rows = futures_util::future::join_all(claims).await;
        let won: Vec<_> = rows.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!(won[0].attempt_number(), Attempt(1));
        assert!(won[0].lease_until.unwrap() > chrono::Utc::now());
        assert_eq!(state(&store, id).await, OperationState::Started);
    }

    async fn an_operation_that_is_not_due_is_not_claimed(db: TestDatabase) {
        let store = store(&db).await;
        let mut new = new_operation();
        new.run_after = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
        let row = store.insert(store.db(), new).await.unwrap();
        assert_eq!(store.claim(row.operation_id(), "w", LEASE).await.unwrap(), None);
        assert_eq!(claimed_next(&store, &["test.steps"]).await, []);
    }

    async fn a_run_saves_its_progress(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let mut projection = Projection::new(3);
        projection.apply(Event::Started);
        projection.apply(Event::Stage { index: 0, state: StageState::Done, at: chrono::DateTime::UNIX_EPOCH });
        projection.apply(Event::Stage { index: 1, state: StageState::Active, at: chrono::DateTime::UNIX_EPOCH });
        let status = event::Status { level: event::Level::Warning, text: "slow".into() };
        projection.apply(Event::Status(status));
        let saved = store.save(id, Attempt(1), &projection, &KIND, LEASE).await.unwrap();
        assert!(!saved.unwrap().cancel_requested);

        let row = store.find(id).await.unwrap().unwrap();
        assert_eq!(row.current_stage.as_deref(), Some("Process"));
        assert_eq!(row.percent.map(f64::round), Some(33.0));
        let restored = row.projection(&KIND);
        assert_eq!(restored.stages, projection.stages);
        assert_eq!(restored.status, projection.status);
    }

    async fn a_stale_attempt_writes_nothing(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let projection = Projection::new(3);
        for stale in [Attempt(0), Attempt(2)] {
            let saved = store.save(id, stale, &projection, &KIND, LEASE).await.unwrap();
            assert_eq!(saved, None);
            let end = conclusion(&event::Ending::Cancelled, &projection);
            assert_eq!(store.finish_run(&claim_of(id, stale.0), end, None).await.unwrap(), None);
        }
        assert_eq!(state(&store, id).await, OperationState::Started);
    }

    async fn an_ending_is_written_completely(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let mut projection = Projection::new(3);
        let ending = event::Ending::Finished(json!({ "rows": [1, 2] }).into());
        projection.apply(Event::Ended(ending.clone()));
        let end = conclusion(&ending, &projection);
        assert!(store.finish_run(&claim_of(id, 1), end, None).await.unwrap().is_some(), "the attempt owns the row");
        let row = store.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::FinishedOk);
        assert_eq!(row.result_context, Some(json!({ "rows": [1, 2] })));
        let output: Option<HashMap<String, Vec<u8>>> = row.output().unwrap();
        assert_eq!(output.unwrap()["rows"], [1, 2]);
        row.output::<bool>().unwrap_err();
        assert_eq!(row.lease_until, None);
        let restored = row.projection(&KIND);
        assert_eq!(restored.ending, Some(ending));
    }

    async fn an_operation_ends_once(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let projection = Projection::new(3);
        let endings = [
            event::Ending::Cancelled,
            event::Ending::Failed("broken".into()),
            event::Ending::Finished(json!(1).into()),
        ];
        let claim = claim_of(id, 1);
        let ends = endings
            .iter()
            .map(|ending| store.finish_run(&claim, conclusion(ending, &projection), None));
        let rows = futures_util::future::join_all(ends).await;
        assert_eq!(rows.into_iter().filter_map(Result::unwrap).count(), 1);
        let again = conclusion(&endings[0], &projection);
        assert_eq!(store.finish_run(&claim_of(id, 1), again, None).await.unwrap(), None);
    }

    async fn the_next_operation_is_enqueued_with_the_ending_or_not_at_all(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let projection = Projection::new(3);
        let ending = event::Ending::Finished(json!(null).into());
        let next = || {
            let mut next = NewOperation::new(&Greeting { name: "Ann".into() }, "ann").unwrap();
            next.chained_from = Some(id);
            Some(next)
        };
        let end = conclusion(&ending, &projection);
        assert_eq!(store.finish_run(&claim_of(id, 9), end, next()).await.unwrap(), None);
        assert_eq!(store.find_next(id).await.unwrap(), None);

        let end = conclusion(&ending, &projection);
        store.finish_run(&claim_of(id, 1), end, next()).await.unwrap().expect("the attempt owns the row");
        let next = store.find_next(id).await.unwrap().expect("the run chained to it");
        assert_eq!((next.op_type.as_str(), next.state()), ("test.greeting", OperationState::NotStarted));
    }

    async fn no_next_operation_is_enqueued_after_an_accepted_cancel_request(db: TestDatabase) {
        let store = store(&db).await;
        let projection = Projection::new(3);
        let ending = event::Ending::Finished(json!(null).into());
        for round in 0..30 {
            let id = claimed(&store).await;
            let end = async {
                if round % 2 == 0 {
                    tokio::task::yield_now().await;
                }
                let end = conclusion(&ending, &projection);
                store.finish_run(&claim_of(id, 1), end, Some(new_operation())).await.unwrap()
            };
            match tokio::join!(store.cancel(id, &CANCEL), end) {
                (Ok(CancelTransition::Ended(_)), Some(_)) => {
                    assert!(store.find_next(id).await.unwrap().is_some());
                }
                (Ok(CancelTransition::Requested(_)), None) => {
                    assert_eq!(store.find_next(id).await.unwrap(), None);
                    let row = store.find(id).await.unwrap().unwrap();
                    assert!(row.state() == OperationState::Started && row.cancel_requested);
                    let end = conclusion(&event::Ending::Cancelled, &projection);
                    let ended = store.finish_run(&claim_of(id, 1), end, None).await.unwrap();
                    assert_eq!(ended.map(|row| row.state()), Some(OperationState::Cancelled));
                }
                other => panic!("round {round}: {other:?}"),
            }
        }
    }

    async fn a_run_without_a_next_operation_clears_the_link_of_the_earlier_run(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let projection = Projection::new(3);
        let ending = event::Ending::Finished(json!(null).into());
        let end = conclusion(&ending, &projection);
        let next = Some(new_operation());
        store.finish_run(&claim_of(id, 1), end, next).await.unwrap().expect("the attempt owns the row");
        assert!(store.find_next(id).await.unwrap().is_some());

        retry(&store, id).await;
        assert_eq!(store.find_next(id).await.unwrap(), None);
        let row = store.claim(id, "w", LEASE).await.unwrap().expect("the operation waits");
        let end = conclusion(&ending, &projection);
        store.finish_run(&row.claimed(&KIND), end, None).await.unwrap().expect("the attempt owns the row");
        assert_eq!(store.find_next(id).await.unwrap(), None);
    }

    async fn cancelling_depends_on_the_state_of_the_operation(db: TestDatabase) {
        let store = store(&db).await;
        let waiting = enqueued(&store).await;
        let CancelTransition::Cancelled(row) = store.cancel(waiting, &CANCEL).await.unwrap() else { panic!() };
        assert_eq!(row.state(), OperationState::Cancelled);
        assert!(matches!(store.cancel(waiting, &CANCEL).await.unwrap(), CancelTransition::Ended(_)));
        assert_eq!(store.claim(waiting, "w", LEASE).await.unwrap(), None);

        let running = claimed(&store).await;
        assert!(matches!(store.cancel(running, &CANCEL).await.unwrap(), CancelTransition::Requested(_)));
        let projection = Projection::new(3);
        let saved = store.save(running, Attempt(1), &projection, &KIND, LEASE).await.unwrap();
        assert!(saved.unwrap().cancel_requested);

        assert_eq!(store.cancel(OperationId::new(), &CANCEL).await.unwrap(), CancelTransition::Unknown);
    }

    async fn a_run_that_is_handed_back_costs_no_attempt(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let run = Projection::new(3);
        assert_eq!(store.hand_back(&claim_of(id, 9), &run, &[]).await.unwrap(), None, "attempt 9 does not own the row");
        let row = store.hand_back(&claim_of(id, 1), &run, &[]).await.unwrap().expect("the attempt owns the row");
        assert_eq!((row.state(), row.lease_until), (OperationState::NotStarted, None));
        assert_eq!(store.hand_back(&claim_of(id, 1), &run, &[]).await.unwrap(), None, "the operation waits already");
        let row = store.claim(id, "w2", LEASE).await.unwrap().expect("the operation waits");
        assert_eq!((row.attempt, row.attempts().number), (2, 1), "the handed-back attempt does not count");

        let beat = Heartbeat { id, attempt: Attempt(1), status: None, percent: None };
        assert_eq!(store.heartbeat(&[beat], LEASE).await.unwrap(), [], "the row belongs to attempt 2");
        assert_eq!(store.hand_back(&claim_of(id, 1), &run, &[]).await.unwrap(), None, "the row belongs to attempt 2");
    }

    async fn a_hand_back_is_counted_until_a_retry(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        store.hand_back(&claim_of(id, 1), &Projection::new(3), &[]).await.unwrap().expect("the attempt owns the row");
        let row = store.claim(id, "w2", LEASE).await.unwrap().expect("the operation waits");
        assert_eq!((row.hand_backs, row.attempts().hand_backs), (1, 1));

        // A claim whose run has not begun is not counted.
        let row = store.put_back(id, Attempt(2)).await.unwrap().expect("the claim owns the row");
        assert_eq!((row.state(), row.attempts().number, row.hand_backs), (OperationState::NotStarted, 1, 1));

        store.cancel(id, &CANCEL).await.unwrap();
        let RetryTransition::Retried(row) = retry(&store, id).await else { panic!("it has ended") };
        assert_eq!(row.hand_backs, 0);
    }

    async fn rows_from_before_the_migration_have_no_hand_backs(db: TestDatabase) {
        let db = db.connect().await;
        let mut names = store::migrations().into_iter().map(|migration| migration.name().to_owned());
        let earlier = names.position(|name| name == "liveops_0004_count_hand_backs");
        let earlier = earlier.expect("it is a migration");
        store::Migrator::up(&db, Some(u32::try_from(earlier).unwrap())).await.unwrap();
        let new = new_operation();
        let id = new.id;
        // As a process of the earlier version inserts a row.
        let row = store::ActiveModel {
            hand_backs: NotSet,
            description: NotSet,
            result_order: NotSet,
            log_from: NotSet,
            ..store::insert::row(new)
        };
        let values = set_values(&row).map(|(column, value)| (column.into_iden(), value));
        let log = ("log".into_iden(), Expr::cust("'[]'"));
        let (columns, values): (Vec<_>, Vec<_>) = values.chain([log]).unzip();
        let mut insert = Query::insert().into_table(store::Entity).columns(columns).take();
        db.execute(insert.values_panic(values)).await.unwrap();
        let store = Store::new(db);
        store.migrate().await.unwrap();
        assert_eq!(store.find(id).await.unwrap().expect("the row is kept").hand_backs, 0);
        store.claim(id, "w", LEASE).await.unwrap().expect("the operation waits");
        let row = store.hand_back(&claim_of(id, 1), &Projection::new(3), &[]).await.unwrap();
        assert_eq!(row.expect("the attempt owns the row").hand_backs, 1);
    }

    async fn a_worker_whose_run_was_given_up_writes_nothing(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let projection = Projection::new(3);
        let lost = event::Ending::Failed("it stopped responding".into());
        let lease = store.leases("another worker").await.unwrap().pop().unwrap();
        store.give_up(lease, (KIND.op_type, &claim_of(id, 1)), conclusion(&lost, &projection)).await.unwrap().expect("the lease has not changed");
        let given_up = store.find(id).await.unwrap().unwrap();

        assert_eq!(store.hand_back(&claim_of(id, 1), &projection, &[]).await.unwrap(), None);
        assert_eq!(store.save(id, Attempt(1), &projection, &KIND, LEASE).await.unwrap(), None);
        let ending = event::Ending::Finished(json!(1).into());
        let end = conclusion(&ending, &projection);
        assert_eq!(store.finish_run(&claim_of(id, 1), end, None).await.unwrap(), None);
        assert_eq!(store.find(id).await.unwrap().unwrap(), given_up);
    }

    async fn a_retry_clears_the_row_and_supersedes_the_earlier_run(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        assert_eq!(retry(&store, id).await, RetryTransition::Unfinished);
        assert_eq!(retry(&store, OperationId::new()).await, RetryTransition::Unfinished);
        let projection = Projection::new(3);
        let ending = event::Ending::Failed("broken".into());
        store.finish_run(&claim_of(id, 1), conclusion(&ending, &projection), None).await.unwrap();

        let RetryTransition::Retried(row) = retry(&store, id).await else { panic!() };
        assert_eq!(row.state(), OperationState::NotStarted);
        assert_eq!((row.error_message, row.attempt), (None, 2));
        let row = store.claim(id, "w", LEASE).await.unwrap().expect("the operation waits");
        assert_eq!(row.attempt - row.attempts_before, 1, "the budget begins again");
        assert_eq!(store.save(id, Attempt(1), &projection, &KIND, LEASE).await.unwrap(), None);
    }

    async fn the_state_filter_agrees_with_the_state_of_each_row(db: TestDatabase) {
        let store = store(&db).await;
        let projection = Projection::new(3);
        let mut by_state = vec![(OperationState::NotStarted, enqueued(&store).await)];
        by_state.push((OperationState::Started, claimed(&store).await));
        for ending in [
            event::Ending::Cancelled,
            event::Ending::Failed("broken".into()),
            event::Ending::Finished(json!(1).into()),
        ] {
            let id = claimed(&store).await;
            store.finish_run(&claim_of(id, 1), conclusion(&ending, &projection), None).await.unwrap();
            by_state.push((ending.state(), id));
        }
        for (state, id) in by_state {
            let filter = ListFilter::new().with_state(state);
            let rows = store.list(&filter, 10, Columns::All).await.unwrap();
            let found: Vec<_> = rows.iter().map(|row| (row.state(), row.operation_id())).collect();
            assert_eq!(found, [(state, id)]);
        }
    }
}
