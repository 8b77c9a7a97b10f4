//! The times at which stages were entered and left: stored with the stages, and never invented.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{
    database::on_every_database,
    operations::{KIND, LEASE, claim_of, claimed, store},
};
use crate::{
    event::{Ending, Event, StageState},
    operation::{Attempt, OperationId},
    projection::{Projection, StageTiming},
    store::{Column, Entity, RunConclusion, Store},
};

const UNKNOWN: StageTiming = StageTiming { entered_on: None, left_on: None };

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn stage(index: usize, state: StageState, seconds: i64) -> Event {
    Event::Stage { index, state, at: at(seconds) }
}

/// Returns a projection in which `Load` took two seconds and `Process` is active.
fn in_process() -> Projection {
    let mut projection = Projection::new(3);
    projection.apply(Event::Started);
    projection.apply(stage(0, StageState::Active, 1));
    projection.apply(stage(0, StageState::Done, 3));
    projection.apply(stage(1, StageState::Active, 3));
    projection
}

async fn timings(store: &Store, id: OperationId) -> Vec<StageTiming> {
    store.find(id).await.unwrap().unwrap().projection(&KIND).stage_timings
}

/// Writes columns as a process of another version does.
async fn write(store: &Store, id: OperationId, column: Column, value: impl Into<Expr>) {
    let update = Entity::update_many().filter(Column::Id.eq(id.as_uuid()));
    update.col_expr(column, value.into()).exec(store.db()).await.unwrap();
}

on_every_database! {
    async fn a_row_returns_the_timings_that_a_run_saved(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        assert_eq!(timings(&store, id).await, [UNKNOWN; 3]);
        let mut projection = in_process();
        store.save(id, Attempt(1), &projection, &KIND, LEASE).await.unwrap().unwrap();
        assert_eq!(timings(&store, id).await, projection.stage_timings);
        assert_eq!(projection.stage_timings[0].took(), Some(Duration::from_secs(2)));
        assert_eq!(projection.stage_timings[1].took(), None);

        projection.apply(stage(1, StageState::Failed, 9));
        let ending = Ending::Failed("broken".into());
        projection.apply(Event::Ended(ending.clone()));
        let end = RunConclusion { ending: &ending, traceback: None, projection: &projection, log: &[] };
        store.finish_run(&claim_of(id, 1), end, None).await.unwrap().expect("the attempt owns the row");
        assert_eq!(timings(&store, id).await, projection.stage_timings);
        assert_eq!(projection.stage_timings[1].took(), Some(Duration::from_secs(6)));
        assert_eq!(projection.stage_timings[2], UNKNOWN);
    }

    async fn the_next_attempt_begins_without_the_timings_of_the_one_before(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        store.save(id, Attempt(1), &in_process(), &KIND, LEASE).await.unwrap().unwrap();
        store.hand_back(&claim_of(id, 1), &in_process(), &[]).await.unwrap().expect("the attempt owns the row");
        assert_eq!(timings(&store, id).await, [UNKNOWN; 3]);
    }

    async fn giving_up_a_lost_run_keeps_its_timings(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        store.save(id, Attempt(1), &in_process(), &KIND, LEASE).await.unwrap().unwrap();
        let lease = store.leases("another worker").await.unwrap().pop().unwrap();
        let mut projection = store.find(id).await.unwrap().unwrap().projection(&KIND);
        let ending = Ending::Failed("it stopped responding".into());
        projection.apply(Event::Ended(ending.clone()));
        let end = RunConclusion { ending: &ending, traceback: None, projection: &projection, log: &[] };
        let row = store.give_up(lease, (KIND.op_type, &claim_of(id, 1)), end).await.unwrap().expect("the lease has not changed");
        assert_eq!(row.attempt, 2);
        assert_eq!(timings(&store, id).await, in_process().stage_timings);
    }

    async fn a_process_of_an_earlier_version_loses_only_the_timings(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        store.save(id, Attempt(1), &in_process(), &KIND, LEASE).await.unwrap().unwrap();
        // A process of an earlier version hands the run back, claims it again and saves its stages, but no
        // timings.
        write(&store, id, Column::Attempt, Expr::value(2)).await;
        write(&store, id, Column::StageStates, Expr::value(json!(["done", "done", "active"]))).await;
        let row = store.find(id).await.unwrap().unwrap();
        let projection = row.projection(&KIND);
        assert_eq!(projection.stage_timings, [UNKNOWN; 3]);
        assert_eq!(projection.active_stage(), Some(2));
        // The earlier version can still read the stages that this version saves.
        let saved = store.save(id, Attempt(2), &in_process(), &KIND, LEASE).await.unwrap();
        assert!(saved.is_some());
        let row = store.find(id).await.unwrap().unwrap();
        assert_eq!(row.stage_states, json!(["done", "active", "pending"]));
    }

    async fn timings_that_cannot_be_parsed_are_unknown(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        store.save(id, Attempt(1), &in_process(), &KIND, LEASE).await.unwrap().unwrap();
        for strange in [json!(null), json!([]), json!({ "attempt": 1 }), json!({ "attempt": 1, "stages": [7] })] {
            write(&store, id, Column::StageTimings, Expr::value(Some(strange))).await;
            assert_eq!(timings(&store, id).await, [UNKNOWN; 3]);
        }
    }
}

#[test]
fn a_stage_that_is_entered_again_shows_its_newest_visit() {
    let mut projection = in_process();
    projection.apply(stage(0, StageState::Active, 5));
    assert_eq!(projection.stage_timings[0], StageTiming { entered_on: Some(at(5)), left_on: None });
    projection.apply(stage(0, StageState::Cancelled, 8));
    assert_eq!(projection.stage_timings[0].took(), Some(Duration::from_secs(3)));
}
