//! Operations whose input has another version than this process can read.

use std::time::Duration;

use axum::http::StatusCode;
use liveops::{
    EarlierInput, LiveOperation, NoStages, NoState, OperationId, OperationState, Policy, Progress,
    RetryContext, Run, RunError, RunResult, RunnerKind, Unique,
    operation::NewOperation,
    runner::{Builder, RetryError, RetryOutcome},
};
use sea_orm::sea_query::Expr;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{
    app::{Gate, TestApp},
    database::{TestDatabase, on_every_database},
    log::Log,
    meter::{Meter, Series},
    rows,
    until::until as until_true,
};

/// A parcel, as the processes of this version know it.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", version = 3, before = ParcelV2, unique = "owner", max_attempts = 2, public)]
#[serde(deny_unknown_fields)]
struct Parcel {
    weight: u32,
}

/// A parcel in the version before.
#[derive(EarlierInput, Deserialize)]
#[liveop(version = 2)]
#[serde(deny_unknown_fields)]
struct ParcelV2 {
    kilograms: u32,
}

impl From<ParcelV2> for Parcel {
    fn from(ParcelV2 { kilograms }: ParcelV2) -> Self {
        Self { weight: kilograms * 1_000 }
    }
}

impl Run for Parcel {
    type Output = u32;

    async fn run(&self, _: Progress<Self>) -> RunResult<u32> {
        Ok(self.weight)
    }

    async fn on_retry(&self, _: RetryContext<'_, Self>) -> RunResult<()> {
        if self.weight > 5_000 { Err(RunError::user("too heavy")) } else { Ok(()) }
    }
}

/// A parcel, as the processes of the next version know it. Without the derive, because a crate has one type of a name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NextParcel {
    grams: u32,
}

impl LiveOperation for NextParcel {
    type Stage = NoStages;
    type State = NoState;
    const NAMES: liveops::__private::Names = Parcel::NAMES;
    const POLICY: Policy = Policy { version: 4, ..Parcel::POLICY };
    const UNIQUE: Unique<Self> = Unique::Owner;
}

impl liveops::__private::OptionalForm for NextParcel {}

impl Run for NextParcel {
    type Output = u32;

    async fn run(&self, _: Progress<Self>) -> RunResult<u32> {
        Ok(self.grams)
    }
}

/// An operation that a process of the next version has enqueued.
fn of_next_version() -> NewOperation {
    NewOperation::new(&NextParcel { grams: 1_500 }, "ann").unwrap()
}

/// An operation from which the type of this process can no longer be converted.
fn of_first_version() -> NewOperation {
    let mut new = NewOperation::new(&Parcel { weight: 0 }, "bob").unwrap();
    (new.payload_version, new.input) = (1, json!({ "pounds": 3 }));
    new
}

/// An operation that a process of the version before has enqueued.
fn of_version_before(kilograms: u32) -> NewOperation {
    let mut new = NewOperation::new(&Parcel { weight: 0 }, "ann").unwrap();
    (new.payload_version, new.input) = (2, json!({ "kilograms": kilograms }));
    new
}

/// An operation with a stage that it did not have in the version before.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" = 1, "Validate" = 1, "Save" = 2)]
#[liveop(app = "test", version = 2)]
struct Courier {}

impl Run for Courier {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// Only for the enum of its stages.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
#[liveop(app = "test")]
#[expect(dead_code, reason = "only its stages are used")]
struct ShortCourier {}

/// [`Courier`] in the version before.
#[derive(Serialize, Deserialize)]
struct CourierBefore {}

impl LiveOperation for CourierBefore {
    type Stage = ShortCourierStage;
    type State = NoState;
    const NAMES: liveops::__private::Names = Courier::NAMES;
}

impl liveops::__private::OptionalForm for CourierBefore {}

impl Run for CourierBefore {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(ShortCourierStage::Load, async { Ok(()) }).await?;
        p.stage(ShortCourierStage::Save, async { Ok(()) }).await
    }
}

async fn app(db: &TestDatabase) -> TestApp {
    let mut config = liveops::Config::default();
    config.poll_interval = Duration::from_millis(10);
    config.lease = Duration::from_secs(1);
    TestApp::on(&db.url(), |builder| {
        builder.register::<Parcel>().config(config).runner(RunnerKind::Worker)
    })
    .await
}

async fn enqueue(app: &TestApp, new: NewOperation) -> OperationId {
    app.liveops.enqueue_new(new).await.unwrap().operation_id()
}

fn page_of(id: OperationId) -> String {
    format!("/live/test.parcel/{id}/")
}

fn next(app: &TestApp) -> liveops::LiveOps {
    app.elsewhere(Builder::<Gate>::register::<NextParcel>)
}

const NEWER: &str = "Waits for a newer version of the application";
const EARLIER: &str = "Waits for an earlier version of the application";

on_every_database! {
    async fn an_earlier_input_is_converted_when_its_run_begins_and_stays_in_the_row(db: TestDatabase) {
        let app = app(&db).await;
        let id = enqueue(&app, of_version_before(2)).await;
        assert_eq!(app.ask("GET", &page_of(id)).await.json()["input"], json!({ "weight": 2_000 }));
        app.liveops.start_worker();
        app.reaches(id, OperationState::FinishedOk).await;
        let stored = async || app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(stored().await.output::<u32>().unwrap(), Some(2_000));
        let row = stored().await;
        assert_eq!((row.payload_version, row.input), (2, json!({ "kilograms": 2 })));

        // The retry converts the input too, and a process of the version before could still run the operation.
        assert_eq!(app.liveops.retry(id).await.unwrap(), RetryOutcome::Retried);
        app.until_row(id, |row| row.attempt == 2 && row.state().is_terminal()).await;
        let row = stored().await;
        assert_eq!((row.payload_version, row.input.clone()), (2, json!({ "kilograms": 2 })));
        assert_eq!(row.output::<u32>().unwrap(), Some(2_000));
        let heavy = enqueue(&app, of_version_before(6)).await;
        app.reaches(heavy, OperationState::FinishedOk).await;
        let refused = app.liveops.retry(heavy).await;
        assert!(matches!(refused, Err(RetryError::Refused(_))), "{refused:?}");
    }

    async fn an_input_that_does_not_fit_its_version_fails(db: TestDatabase) {
        let app = app(&db).await;
        let mut new = of_version_before(2);
        new.input = json!({ "weight": 3 });
        let id = enqueue(&app, new).await;
        app.liveops.start_worker();
        app.reaches(id, OperationState::FinishedError).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert!(row.traceback.as_deref().unwrap().contains("the stored input does not fit its type"));
        assert_eq!(row.attempt, 1, "another attempt would fail too");
    }

    async fn the_stages_of_an_ended_run_are_those_that_it_had(db: TestDatabase) {
        let config = || liveops::Config::default().with_poll_interval(Duration::from_millis(10));
        let app = TestApp::on(&db.url(), |builder| {
            builder.register::<Courier>().config(config()).runner(RunnerKind::Worker)
        })
        .await;
        let unaware = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Worker)).await;
        let before = app.elsewhere(|builder| builder.register::<CourierBefore>().config(config()));
        let id = before.enqueue(CourierBefore {}, "ann").await.unwrap();
        before.start_worker();
        let ended = async || {
            app.liveops.find(id).await.unwrap().unwrap().state() == OperationState::FinishedOk
        };
        until_true("the earlier version has run it", ended).await;
        let expected = json!([
            { "name": "Load", "state": "done" },
            { "name": "Save", "state": "done" },
        ]);
        let path = format!("/live/test.courier/{id}/");
        for app in [&app, &unaware] {
            assert_eq!(app.ask("GET", &path).await.json()["stages"], expected);
            let page = app.get(&path).await.body;
            assert!(page.contains("Save") && !page.contains("Validate"), "{page}");
        }
        // A row of an earlier version of liveops has states without labels.
        rows::update(id)
            .col_expr(rows::Column::StageTimings, Expr::value(None::<serde_json::Value>))
            .exec(&app.db)
            .await
            .unwrap();
        let stages = app.ask("GET", &path).await.json()["stages"].clone();
        let states: Vec<_> = stages.as_array().unwrap().iter().map(|stage| &stage["state"]).collect();
        assert_eq!(states, ["done", "done", "pending"]);
    }

    async fn a_process_with_other_stages_ends_a_lost_run_with_the_stages_that_it_had(db: TestDatabase) {
        let config = liveops::Config::default()
            .with_poll_interval(Duration::from_millis(10))
            .with_lease(Duration::from_secs(1));
        let app = TestApp::on(&db.url(), |builder| {
            builder.register::<CourierBefore>().config(config).runner(RunnerKind::Worker)
        })
        .await;
        let newer = app.elsewhere(Builder::<Gate>::register::<Courier>);
        let id = newer.enqueue(Courier {}, "ann").await.unwrap();
        rows::claim(&app.db, id, "gone").await;
        let timings = json!({
            "attempt": 1,
            "stages": [{}, {}, {}],
            "labels": ["Load", "Validate", "Save"],
        });
        rows::update(id)
            .col_expr(rows::Column::StageStates, Expr::value(json!(["done", "active", "pending"])))
            .col_expr(rows::Column::StageTimings, Expr::value(Some(timings)))
            .exec(&app.db)
            .await
            .unwrap();
        app.liveops.start_worker();
        app.reaches(id, OperationState::FinishedError).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.stage_states, json!(["done", "failed", "pending"]));
        let stages = app.ask("GET", &format!("/live/test.courier/{id}/")).await.json()["stages"].clone();
        assert_eq!(stages[1], json!({ "name": "Validate", "state": "failed" }));
        assert_eq!(stages[2]["name"], "Save");
    }

    async fn a_newer_operation_waits_for_a_newer_worker_and_says_so(db: TestDatabase) {
        let app = app(&db).await;
        let id = enqueue(&app, of_next_version()).await;
        app.liveops.start_worker();
        // The worker has polled with the operation in the queue, and has run another one.
        let readable = NewOperation::new(&Parcel { weight: 7 }, "eve").unwrap();
        let readable = enqueue(&app, readable).await;
        app.reaches(readable, OperationState::FinishedOk).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.attempt), (OperationState::NotStarted, 1));

        for path in [page_of(id), "/live/".to_owned()] {
            let page = app.get(&path).await.body;
            assert!(page.contains(NEWER) && page.contains(&page_of(id)), "{path}: {page}");
        }
        let waits = app.ask("GET", &page_of(id)).await.json()["waits"].clone();
        let expected = json!({ "reason": "version", "needs": "newer", "version": 4, "message": NEWER });
        assert_eq!(waits, expected);
        assert_eq!(app.ask("GET", &page_of(readable)).await.json()["waits"], json!(null));
        let input = app.ask("GET", &page_of(id)).await.json()["input"].clone();
        assert_eq!(input, json!(null), "its form, and so its passwords, are unknown here");

        let newer = next(&app);
        newer.start_worker();
        let ended = async || {
            app.liveops.find(id).await.unwrap().unwrap().state() == OperationState::FinishedOk
        };
        until_true("a newer worker has run it", ended).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.output::<u32>().unwrap(), row.payload_version), (Some(1_500), 4));
        assert_eq!(row.input, json!({ "grams": 1_500 }));
    }

    async fn an_operation_of_an_unknown_earlier_version_waits_and_says_so(db: TestDatabase) {
        let app = app(&db).await;
        let id = enqueue(&app, of_first_version()).await;
        app.liveops.start_worker();
        let readable = NewOperation::new(&Parcel { weight: 7 }, "eve").unwrap();
        app.reaches(enqueue(&app, readable).await, OperationState::FinishedOk).await;
        let mut request = crate::support::app::request("GET", &page_of(id));
        request.headers_mut().insert("x-user", "bob".parse().unwrap());
        let page = app.send(request).await.body;
        assert!(page.contains(EARLIER), "{page}");
        assert_eq!(app.liveops.find(id).await.unwrap().unwrap().state(), OperationState::NotStarted);
    }

    async fn an_eager_process_leaves_a_newer_operation_in_the_queue(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| {
            builder.register::<Parcel>().runner(RunnerKind::Eager)
        })
        .await;
        let id = enqueue(&app, of_next_version()).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.worker), (OperationState::NotStarted, None));
    }

    async fn a_newer_operation_is_cancelled_and_keeps_its_unique_key_until_then(db: TestDatabase) {
        let app = app(&db).await;
        let id = enqueue(&app, of_next_version()).await;
        let duplicate = NewOperation::new(&Parcel { weight: 7 }, "ann").unwrap();
        assert_eq!(enqueue(&app, duplicate.clone()).await, id);
        let cancelled = app.ask("POST", &format!("{}cancel", page_of(id))).await;
        assert_eq!(cancelled.json()["state"], "CANCELLED", "{cancelled:?}");
        assert_eq!(cancelled.json()["waits"], json!(null));
        assert_ne!(enqueue(&app, duplicate).await, id);
    }

    async fn a_newer_operation_is_retried_by_a_process_that_can_read_it(db: TestDatabase) {
        let app = app(&db).await;
        let id = enqueue(&app, of_next_version()).await;
        app.liveops.cancel(id).await.unwrap();
        let refused = app.liveops.retry(id).await;
        assert!(matches!(refused, Err(RetryError::OtherVersion { version: 4, .. })), "{refused:?}");
        let refused = app.ask("POST", &format!("{}retry", page_of(id))).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.json()["error"]["code"], "other_version", "{refused:?}");
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.attempt), (OperationState::Cancelled, 1));
        assert_eq!(next(&app).retry(id).await.unwrap(), RetryOutcome::Retried);
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.payload_version), (OperationState::NotStarted, 4));
    }

    async fn a_lost_run_of_a_newer_version_is_put_back_or_ended_by_an_older_process(db: TestDatabase) {
        let app = app(&db).await;
        let again = enqueue(&app, of_next_version()).await;
        let mut last = of_next_version();
        (last.max_attempts, last.unique_key) = (1, None);
        let last = enqueue(&app, last).await;
        for id in [again, last] {
            rows::claim(&app.db, id, "gone").await;
        }
        app.liveops.start_worker();
        app.reaches(last, OperationState::FinishedError).await;
        let row = app.liveops.find(last).await.unwrap().unwrap();
        assert_eq!(row.error_message.as_deref(), Some("The worker stopped responding."));
        app.until_row(again, |row| row.attempt == 2).await;
        let row = app.liveops.find(again).await.unwrap().unwrap();
        assert_eq!((row.state(), row.rescues), (OperationState::NotStarted, 1));
        let page = app.get(&page_of(again)).await.body;
        assert!(page.contains(NEWER) && page.contains("The worker stopped responding."), "{page}");
    }

    async fn a_worker_warns_once_of_each_version_and_counts_what_waits_for_it(db: TestDatabase) {
        let log = Log::begin();
        let app = app(&db).await;
        enqueue(&app, of_first_version()).await;
        for _ in 0..2 {
            let mut new = of_next_version();
            new.unique_key = None;
            enqueue(&app, new).await;
        }
        let meter = Meter::begin();
        app.liveops.start_worker();
        let is_counted = |series: &Series| {
            series.name == "liveops_waiting" && series.labels["reason"] == "version"
        };
        let scrape = meter.until(|scrape| scrape.series.iter().any(is_counted)).await;
        assert_eq!(scrape.sum("liveops_waiting", &[("queue", "default"), ("reason", "version")]), 3.0);
        assert_eq!(scrape.sum("liveops_waiting", &[("reason", "slot")]), 0.0);
        let lines = log.lines();
        let warnings = |text: &str| lines.iter().filter(|line| line.text.contains(text)).count();
        assert_eq!(warnings("with an input of a newer version are waiting"), 1, "{lines:?}");
        assert_eq!(warnings("with an input of an earlier version are waiting"), 1, "{lines:?}");
    }
}
