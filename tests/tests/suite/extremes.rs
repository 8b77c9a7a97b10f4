//! Times and durations at and beyond their bounds.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use liveops::{
    Backoff, ChannelName, Config, LiveOperation, OperationId, OperationState, Progress, Run,
    RunError, RunResult, RunnerKind,
    channel::{ChannelLayer, MemoryChannelLayer},
    operation::NewOperation,
    runner::{Builder, EnqueueError},
};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Greeting, TestApp},
    database::on_every_database,
    postgres_layers::PostgresLayers,
    redis::RedisPrefix,
};

/// The longest duration of an operation.
const LONGEST: Duration = Duration::from_secs(36_600 * 86_400);

/// Fails, and may be tried once more.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", max_attempts = 2)]
struct Fails;

impl Run for Fails {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Err(RunError::user("The service is busy."))
    }
}

fn greeting(change: impl FnOnce(&mut NewOperation)) -> NewOperation {
    let mut new = NewOperation::new(&Greeting { name: "Ann".into() }, "ann").unwrap();
    change(&mut new);
    new
}

fn day(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc()
}

async fn refused(app: &TestApp, new: NewOperation) -> Option<&'static str> {
    match app.liveops.enqueue_new(new).await {
        Ok(_) => None,
        Err(EnqueueError::OutOfBounds { field, .. }) => Some(field),
        Err(error) => panic!("{error:?}"),
    }
}

on_every_database! {
    async fn an_operation_waits_exactly_until_any_time_that_is_not_refused(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Worker)).await;
        let nanosecond = TimeDelta::nanoseconds(1);
        for outside in [
            DateTime::<Utc>::MIN_UTC,
            day(-4713, 1, 1),
            day(0, 12, 31),
            day(10_000, 1, 1),
            day(12_000, 1, 1),
            DateTime::<Utc>::MAX_UTC,
        ] {
            let new = greeting(|new| new.run_after = Some(outside));
            assert_eq!(refused(&app, new).await, Some("run_after"), "{outside}");
        }
        let mut waiting: Vec<OperationId> = Vec::new();
        let mut due: Vec<OperationId> = Vec::new();
        for (on, is_due) in [
            (day(1, 1, 1), true),
            (day(1969, 12, 31), true),
            (Utc::now() - TimeDelta::seconds(1), true),
            (Utc::now() + TimeDelta::hours(1), false),
            (day(2_200, 1, 1), false),
            (day(9_999, 1, 1), false),
            (day(10_000, 1, 1) - nanosecond, false),
        ] {
            let new = greeting(|new| new.run_after = Some(on));
            let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
            if is_due { &mut due } else { &mut waiting }.push(id);
        }
        app.liveops.start_worker();
        for id in due {
            app.reaches(id, OperationState::FinishedOk).await;
        }
        app.liveops.poll_now().await;
        for id in waiting {
            let row = app.liveops.find(id).await.unwrap().unwrap();
            assert_eq!(row.state(), OperationState::NotStarted, "{row:?}");
        }
    }

    async fn durations_up_to_their_bound_are_kept_and_longer_ones_refused(db: TestDatabase) {
        let app = TestApp::on(&db.url(), Builder::register::<Fails>).await;
        for too_long in [LONGEST + Duration::from_nanos(1), Duration::MAX] {
            let new = greeting(|new| new.timeout = Some(too_long));
            assert_eq!(refused(&app, new).await, Some("timeout"));
            let new = greeting(|new| new.backoff.longest = too_long);
            assert_eq!(refused(&app, new).await, Some("backoff.longest"));
            let new = greeting(|new| new.backoff = Backoff { first: too_long, longest: LONGEST });
            assert_eq!(refused(&app, new).await, Some("backoff.first"));
        }
        let mut new = NewOperation::new(&Fails, "ann").unwrap();
        new.timeout = Some(LONGEST);
        new.backoff = Backoff { first: LONGEST, longest: LONGEST };
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.until_row(id, |row| row.attempt == 2).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.timeout()), (OperationState::NotStarted, Some(LONGEST)));
        let starts_on = row.run_after.unwrap();
        assert!(starts_on > Utc::now() + TimeDelta::days(36_599), "{starts_on}");
    }

    async fn pruning_takes_any_age(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Eager)).await;
        app.liveops.enqueue_new(greeting(|_| {})).await.unwrap();
        for years in [1, 2_000, 2_100, 6_800, 200_000, 1_000_000] {
            let age = Duration::from_secs(years * 365 * 86_400);
            assert_eq!(app.liveops.prune(age).await.unwrap(), 0, "{years} years");
        }
        assert_eq!(app.liveops.prune(Duration::MAX).await.unwrap(), 0);
        assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 1);
    }
}

async fn shows_its_end(layer: impl ChannelLayer) {
    let app = TestApp::with(|builder| builder.channel_layer(layer)).await;
    let id = app.liveops.enqueue_new(greeting(|_| {})).await.unwrap().operation_id();
    let channel = ChannelName::operation(id);
    let retained = async || {
        let retained = app.liveops.channel_layer().catch_up(&channel, None).await.unwrap();
        retained.is_some_and(|retained| retained.ended)
    };
    crate::support::until::until("the end is retained", retained).await;
}

#[tokio::test]
async fn every_layer_keeps_an_end_with_the_longest_retention() {
    shows_its_end(MemoryChannelLayer::new().with_retention(Duration::MAX)).await;
    if let Some(layers) = PostgresLayers::create().await {
        shows_its_end(layers.layer().with_retention(Duration::MAX)).await;
    }
    if let Some(prefix) = RedisPrefix::new() {
        shows_its_end(prefix.layer().with_retention(Duration::MAX)).await;
    }
}

#[tokio::test]
async fn a_configuration_with_endless_durations_is_refused() {
    let db = liveops::store::connect("sqlite::memory:").await.unwrap();
    let config = Config::default().with_lease(Duration::MAX);
    let refused = liveops::LiveOps::builder(db).config(config).build().unwrap_err().to_string();
    assert!(refused.contains("lease") && refused.contains("from a second to a day"), "{refused}");
}
