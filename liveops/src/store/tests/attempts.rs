//! The attempts that are over: one record for each run that ended, and none for a write that was refused.

use std::time::Duration;

use chrono::Utc;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use sea_orm_migration::MigratorTrait;
use serde::Serialize;
use serde_json::json;

use super::{
    database::on_every_database,
    migration_load::First,
    operations::{
        CANCEL, KIND, LEASE, RETRY, claim_of, claimed, default_log, enqueued, rescued, store,
    },
};
use crate::{
    event::{Bar, Ending, Event, Measure, StageState},
    operation::{Attempt, AttemptOutcome, FieldOrder, OperationId},
    projection::{PastAttempt, Projection},
    store::{self, FailedAttempt, Migrator, Model, RetryTransition, RunConclusion, Store, attempt},
};

/// A run in its second stage, at 64 of 1,033 rows.
fn stopped_run() -> Projection {
    let mut run = Projection::new(3);
    let at = chrono::DateTime::UNIX_EPOCH;
    let measure = Measure::Count { done: 64, total: Some(1_033) };
    let bar = Bar { measure, label: None, unit: Some("rows".into()), elapsed: Duration::ZERO };
    for event in [
        Event::Started,
        Event::Stage { index: 0, state: StageState::Active, at },
        Event::Stage { index: 0, state: StageState::Done, at },
        Event::Stage { index: 1, state: StageState::Active, at },
        Event::Bar(Some(bar)),
    ] {
        run.apply(event);
    }
    run
}

/// Ends the newest attempt.
async fn end(store: &Store, id: OperationId, ending: &Ending) -> Option<Model> {
    let row = store.find(id).await.unwrap().unwrap();
    let mut projection = stopped_run();
    projection.apply(Event::Ended(ending.clone()));
    let traceback = matches!(ending, Ending::Failed(_)).then(|| "at line 7".to_owned());
    let conclusion = RunConclusion { ending, traceback, projection: &projection, log: &[] };
    store.finish_run(&row.claimed(&KIND), conclusion, None).await.unwrap()
}

/// Fails the newest attempt, so that another one follows at once.
async fn fail(store: &Store, id: OperationId) -> Option<Model> {
    let row = store.find(id).await.unwrap().unwrap();
    let failure = FailedAttempt {
        message: "the file is locked",
        traceback: Some("caused by: EBUSY".to_owned()),
        projection: &stopped_run(),
        log: &[],
        next_attempt_on: Utc::now(),
    };
    store.schedule_next_attempt(&row.claimed(&KIND), failure).await.unwrap()
}

async fn past(store: &Store, id: OperationId) -> Vec<PastAttempt> {
    store.past_attempts(&store.find(id).await.unwrap().unwrap()).await.unwrap()
}

async fn outcomes(store: &Store, id: OperationId) -> Vec<(u64, AttemptOutcome)> {
    past(store, id).await.into_iter().map(|past| (past.number, past.outcome)).collect()
}

async fn recorded(store: &Store) -> Vec<attempt::Model> {
    let all = attempt::Entity::find().order_by_asc(attempt::Column::Attempt);
    all.all(store.db()).await.unwrap()
}

async fn retry(store: &Store, id: OperationId) {
    let retried = store.retry(store.db(), id, &RETRY).await.unwrap();
    assert!(matches!(retried, RetryTransition::Retried(_)), "{retried:?}");
}

on_every_database! {
    async fn each_run_is_recorded_once_with_its_end(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        assert_eq!(past(&store, id).await, [], "the run goes on");
        fail(&store, id).await.expect("the attempt owns the row");
        store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        store.hand_back(&claim_of(id, 2), &stopped_run(), &[]).await.unwrap().expect("the attempt owns the row");
        store.claim(id, "w3", LEASE).await.unwrap().expect("it waits");
        let lease = store.leases("another worker").await.unwrap().pop().unwrap();
        rescued(&store, lease).await.expect("the lease has not changed");
        store.claim(id, "w4", LEASE).await.unwrap().expect("it waits");
        end(&store, id, &Ending::Finished(json!({ "rows": 3 }).into())).await.expect("the attempt owns the row");

        let [failed, handed_back, lost, finished] = &past(&store, id).await[..] else { panic!("not four") };
        assert_eq!(failed.outcome, AttemptOutcome::Failed);
        assert_eq!(failed.error.as_deref(), Some("the file is locked"));
        assert_eq!(failed.worker.as_deref(), Some("w1"));
        let measure = Measure::Count { done: 64, total: Some(1_033) };
        assert_eq!(failed.bar.as_ref().map(|bar| (bar.measure, bar.unit.as_deref())), Some((measure, Some("rows"))));
        assert_eq!(failed.percent.map(f64::round), Some(35.0));
        assert!(failed.started_on <= failed.ended_on);
        assert_eq!((handed_back.outcome, handed_back.error.as_deref()), (AttemptOutcome::HandedBack, None));
        assert_eq!((lost.outcome, lost.error.as_deref()), (AttemptOutcome::Lost, Some("lost")));
        assert_eq!((finished.number, finished.outcome, finished.bar.as_ref()), (4, AttemptOutcome::Finished, None));
        assert_eq!(finished.worker.as_deref(), Some("w4"));

        let row = store.find(id).await.unwrap().unwrap();
        let details = store.past_attempt(&row, &KIND, 1).await.unwrap().expect("it is recorded");
        assert_eq!(details.attempt, *failed);
        assert_eq!(details.traceback.as_deref(), Some("caused by: EBUSY"));
        let stages: Vec<_> = details.stages.iter().map(|it| (it.stage.as_str(), it.state)).collect();
        let expected =
            [("Load", StageState::Done), ("Process", StageState::Active), ("Save", StageState::Pending)];
        assert_eq!(stages, expected);
        assert_eq!(details.stages[0].timing.left_on, Some(chrono::DateTime::UNIX_EPOCH));
        let details = store.past_attempt(&row, &KIND, 4).await.unwrap().expect("it is recorded");
        assert_eq!(details.result, Some((json!({ "rows": 3 }), FieldOrder::default())));
        for number in [0, 5, u64::MAX] {
            assert_eq!(store.past_attempt(&row, &KIND, number).await.unwrap(), None);
        }
    }

    async fn a_write_that_is_refused_records_nothing(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let (run, ending) = (stopped_run(), Ending::Cancelled);
        let conclusion = || RunConclusion { ending: &ending, traceback: None, projection: &run, log: &[] };
        let stale = claim_of(id, 9);
        assert_eq!(store.hand_back(&stale, &run, &[]).await.unwrap(), None);
        assert_eq!(store.finish_run(&stale, conclusion(), None).await.unwrap(), None);
        let next = Some(super::operations::new_operation());
        assert_eq!(store.finish_run(&stale, conclusion(), next).await.unwrap(), None);
        let failure = FailedAttempt { message: "", traceback: None, projection: &run, log: &[], next_attempt_on: Utc::now() };
        assert_eq!(store.schedule_next_attempt(&stale, failure).await.unwrap(), None);
        assert_eq!(recorded(&store).await, []);

        // A claim that was put back before its run began is no attempt, and neither is a cancelled wait.
        store.put_back(id, Attempt(1)).await.unwrap().expect("the claim owns the row");
        store.cancel(id, &CANCEL).await.unwrap();
        assert_eq!(past(&store, id).await, []);
        retry(&store, id).await;
        assert_eq!(recorded(&store).await, []);
    }

    async fn a_lost_run_is_recorded_by_its_rescuer_and_not_by_itself(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let claim = store.find(id).await.unwrap().unwrap().claimed(&KIND);
        let lease = store.leases("another worker").await.unwrap().pop().unwrap();
        let (run, ending) = (stopped_run(), Ending::Failed("The worker stopped responding.".into()));
        let conclusion = RunConclusion { ending: &ending, traceback: None, projection: &run, log: &[] };
        store.give_up(lease, (KIND.op_type, &claim), conclusion).await.unwrap().expect("the lease has not changed");
        let late = Ending::Finished(json!(1).into());
        let conclusion = RunConclusion { ending: &late, traceback: None, projection: &run, log: &[] };
        assert_eq!(store.finish_run(&claim, conclusion, None).await.unwrap(), None);
        assert_eq!(outcomes(&store, id).await, [(1, AttemptOutcome::Lost)]);

        retry(&store, id).await;
        assert_eq!(outcomes(&store, id).await, [(1, AttemptOutcome::Lost)]);
        store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        end(&store, id, &late).await.expect("the attempt owns the row");
        assert_eq!(outcomes(&store, id).await, [(1, AttemptOutcome::Lost), (2, AttemptOutcome::Finished)]);
    }

    async fn concurrent_ends_record_the_one_that_was_written(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        let (claim, run) = (store.find(id).await.unwrap().unwrap().claimed(&KIND), stopped_run());
        let endings = [Ending::Cancelled, Ending::Failed("broken".into()), Ending::Finished(json!(1).into())];
        let ends = endings.iter().map(|ending| {
            let conclusion = RunConclusion { ending, traceback: None, projection: &run, log: &[] };
            store.finish_run(&claim, conclusion, None)
        });
        let ended = futures_util::future::join_all(ends).await;
        let mut states = ended.into_iter().filter_map(Result::unwrap).map(|row| row.state());
        let state = states.next().expect("one is written");
        assert_eq!(states.next(), None);
        let written = endings.iter().find(|ending| ending.state() == state).unwrap();
        let [past] = &past(&store, id).await[..] else { panic!("not one") };
        assert_eq!(past.outcome, AttemptOutcome::of(written));
        assert_eq!(recorded(&store).await.len(), 1);
    }

    async fn an_end_whose_attempt_cannot_be_recorded_is_not_written(db: TestDatabase) {
        let store = store(&db).await;
        let ids = [claimed(&store).await, claimed(&store).await];
        store.db().execute_unprepared("DROP TABLE liveops_attempt").await.unwrap();
        let (run, ending) = (stopped_run(), Ending::Finished(json!(1).into()));
        // Together, so that SQLite writes both in one group.
        let ends = ids.map(|id| {
            let (store, run, ending) = (&store, &run, &ending);
            async move {
                let conclusion = RunConclusion { ending, traceback: None, projection: run, log: &[] };
                store.finish_run(&claim_of(id, 1), conclusion, None).await
            }
        });
        for ended in futures_util::future::join_all(ends).await {
            ended.unwrap_err();
        }
        for id in ids {
            assert_eq!(store.find(id).await.unwrap().unwrap().finished_on, None);
        }
        assert_eq!(store.hand_back(&claim_of(ids[0], 1), &run, &[]).await.ok(), None);
        assert!(store.find(ids[0]).await.unwrap().unwrap().started_on.is_some());
    }

    async fn a_retry_keeps_the_earlier_result(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        #[derive(Serialize)]
        struct Output {
            saved: u32,
            rejected: u32,
        }
        let (output, output_order) = FieldOrder::of(&Output { saved: 12, rejected: 1 }).unwrap();
        let run = Projection { output_order: output_order.clone(), ..stopped_run() };
        let ending = Ending::Finished(output.clone().into());
        let conclusion = RunConclusion { ending: &ending, traceback: None, projection: &run, log: &[] };
        let claim = store.find(id).await.unwrap().unwrap().claimed(&KIND);
        store.finish_run(&claim, conclusion, None).await.unwrap().unwrap();
        assert_eq!(recorded(&store).await[0].result, None, "the output is in the row of the operation");
        retry(&store, id).await;
        store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        end(&store, id, &Ending::Failed("broken".into())).await.unwrap();

        let row = store.find(id).await.unwrap().unwrap();
        assert_eq!(row.result_context, None);
        let first = store.past_attempt(&row, &KIND, 1).await.unwrap().expect("it is recorded");
        assert!(!output_order.is_empty());
        let kept = Some((output, output_order));
        assert_eq!((first.attempt.outcome, first.result), (AttemptOutcome::Finished, kept));
        let second = store.past_attempt(&row, &KIND, 2).await.unwrap().expect("it is recorded");
        assert_eq!((second.attempt.error.as_deref(), second.result), (Some("broken"), None));
        assert_eq!(second.traceback.as_deref(), Some("at line 7"));
    }

    async fn a_run_that_an_earlier_version_ended_is_shown_and_kept(db: TestDatabase) {
        let connection = db.connect().await;
        store::migrate::<Migrator>(&connection).await.unwrap();
        let store = Store::new(connection);
        let id = claimed(&store).await;
        fail(&store, id).await.unwrap();
        store.claim(id, "w2", LEASE).await.unwrap().expect("it waits");
        end(&store, id, &Ending::Finished(json!([7]).into())).await.unwrap();
        // As a process of the earlier version leaves it.
        let forget = "DELETE FROM liveops_attempt WHERE attempt = 2";
        store.db().execute_unprepared(forget).await.unwrap();

        let expected = [(1, AttemptOutcome::Failed), (2, AttemptOutcome::Finished)];
        assert_eq!(outcomes(&store, id).await, expected);
        let row = store.find(id).await.unwrap().unwrap();
        let details = store.past_attempt(&row, &KIND, 2).await.unwrap().expect("it is in the row");
        let kept = Some((json!([7]), FieldOrder::default()));
        assert_eq!((details.result, details.stages.len()), (kept.clone(), 3));
        retry(&store, id).await;
        assert_eq!(outcomes(&store, id).await, expected);
        let row = store.find(id).await.unwrap().unwrap();
        let details = store.past_attempt(&row, &KIND, 2).await.unwrap().expect("the retry kept it");
        assert_eq!(details.result, kept);
    }

    async fn a_failed_run_keeps_the_position_of_its_bar(db: TestDatabase) {
        let store = store(&db).await;
        for ending in [Ending::Failed("broken".into()), Ending::Cancelled] {
            let id = claimed(&store).await;
            let row = end(&store, id, &ending).await.expect("the attempt owns the row");
            assert_eq!(row.percent.map(f64::round), Some(35.0));
            let bar = store.stopped_bar(&row).await.unwrap().expect("it had a bar");
            assert_eq!(bar.measure, Measure::Count { done: 64, total: Some(1_033) });
            retry(&store, id).await;
            let row = store.find(id).await.unwrap().unwrap();
            assert_eq!(store.stopped_bar(&row).await.unwrap(), None);
        }
    }

    async fn the_newest_fifty_attempts_are_listed(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        for _ in 0..60 {
            fail(&store, id).await.expect("the attempt owns the row");
            store.claim(id, "w", LEASE).await.unwrap().expect("it waits");
        }
        let numbers: Vec<u64> = past(&store, id).await.iter().map(|past| past.number).collect();
        assert_eq!(numbers, (11..=60).collect::<Vec<_>>());
        let row = store.find(id).await.unwrap().unwrap();
        assert!(store.past_attempt(&row, &KIND, 1).await.unwrap().is_some());
    }

    async fn an_upgrade_keeps_the_operations_and_a_downgrade_too(db: TestDatabase) {
        let connection = db.connect().await;
        store::migrate::<First<18>>(&connection).await.unwrap();
        default_log(&connection).await;
        let store = Store::new(connection.clone());
        let (waiting, running) = (enqueued(&store).await, claimed(&store).await);
        store.migrate().await.unwrap();
        end(&store, running, &Ending::Cancelled).await.expect("the attempt owns the row");
        assert_eq!(outcomes(&store, running).await, [(1, AttemptOutcome::Cancelled)]);
        assert_eq!(past(&store, waiting).await, []);
        let steps = store::migrations().len() - 18;
        Migrator::down(&connection, Some(u32::try_from(steps).unwrap())).await.unwrap();
        let ids = [waiting, running];
        assert_eq!(store.existing(&ids).await.unwrap().len(), 2);
        store.migrate().await.unwrap();
        assert_eq!(outcomes(&store, running).await, [(1, AttemptOutcome::Cancelled)]);
    }
}
