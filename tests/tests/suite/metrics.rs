//! What is counted is what happened, and each thing is counted once.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use liveops::{
    Attempt, Backoff, ChannelName, Config, LiveOperation, OperationId, OperationState, Progress,
    Run, RunResult, RunnerKind,
    channel::{
        ChannelError, Cursor, Fragment, MemoryChannelLayer, OpenedBy, Payload, PublishError,
    },
    metrics::{self, MetricKind},
    operation::NewOperation,
    store::{ListFilter, Model},
};
use sea_orm::{TransactionTrait, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{ChainStart, Ending, Greeting, How, Nothing, Steps, TestApp},
    database::{TestDatabase, on_every_database},
    events::Events,
    layer::{LayerOverrides, Overridden},
    meter::{Meter, Scrape},
    rows,
    served::{Served, html, is_subscribed},
};

const ENQUEUED: &str = "liveops_operations_enqueued_total";
const RESTARTED: &str = "liveops_operations_retried_total";
const ENDED: &str = "liveops_operations_ended_total";
const WAITS: &str = "liveops_attempt_wait_seconds_count";
const RUNS: &str = "liveops_attempt_duration_seconds_count";
const RETRIED: &str = "liveops_next_attempts_total";
const HANDED_BACK: &str = "liveops_attempts_handed_back_total";
const RESCUES: &str = "liveops_rescues_total";
const LOST: &str = "liveops_leases_lost_total";
const USED: &str = "liveops_worker_slots_used";
const PUBLISHED: &str = "liveops_frames_published_total";
const UNPUBLISHED: &str = "liveops_publish_errors_total";
const DELIVERIES: &str = "liveops_messages_sent_total";
const CATCH_UPS: &str = "liveops_catch_ups_total";
const CONNECTIONS: &str = "liveops_connections";
const CLOSED: &str = "liveops_connections_closed_total";

const GRACE: Duration = Duration::from_secs(30);

/// Fails in its first attempts.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", name = "counted_flaky", max_attempts = 3)]
struct Flaky {
    failures: u32,
}

impl Run for Flaky {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        if p.attempt().0 <= self.failures { Err("busy".into()) } else { Ok(()) }
    }
}

fn flaky(failures: u32) -> NewOperation {
    let mut new = NewOperation::new(&Flaky { failures }, "ann").unwrap();
    new.backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    new
}

fn nothing() -> NewOperation {
    NewOperation::new(&Nothing, "ann").unwrap()
}

fn steps() -> NewOperation {
    NewOperation::new(&Steps {}, "ann").unwrap()
}

async fn app_on(db: &TestDatabase) -> TestApp {
    app_with_lease(db, Duration::from_secs(1)).await
}

async fn app_with_lease(db: &TestDatabase, lease: Duration) -> TestApp {
    let mut config = Config::default();
    config.poll_interval = Duration::from_millis(10);
    config.lease = lease;
    TestApp::on(&db.url(), |builder| {
        builder.register::<Flaky>().config(config).runner(RunnerKind::Worker)
    })
    .await
}

/// What a run of another process leaves behind: claimed, and never heard of again.
async fn lost_run(app: &TestApp, new: NewOperation) -> OperationId {
    let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
    rows::claim(&app.db, id, "gone").await;
    id
}

async fn rows(app: &TestApp) -> Vec<Model> {
    app.liveops.list(&ListFilter::new(), 1_000).await.unwrap()
}

/// How many rows there are of each type and end.
fn ends_in_rows(rows: &[Model]) -> BTreeMap<(String, String), f64> {
    let mut ends = BTreeMap::new();
    for row in rows.iter().filter(|row| row.state().is_terminal()) {
        let outcome = match row.state() {
            OperationState::FinishedOk => "finished",
            OperationState::FinishedError => "failed",
            _ => "cancelled",
        };
        *ends.entry((row.op_type.clone(), outcome.to_owned())).or_default() += 1.0;
    }
    ends
}

/// The same as it was counted.
fn ends_in_scrape(scrape: &Scrape) -> BTreeMap<(String, String), f64> {
    let ended = scrape.series.iter().filter(|series| series.name == ENDED);
    let label = |labels: &BTreeMap<String, String>, name: &str| labels[name].clone();
    ended
        .map(|series| {
            ((label(&series.labels, "op_type"), label(&series.labels, "outcome")), series.value)
        })
        .collect()
}

on_every_database! {
    async fn every_end_is_counted_once(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_on(&db).await;
        let enqueue = async |new| app.liveops.enqueue_new(new).await.unwrap().operation_id();
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(enqueue(nothing()).await);
        }
        for how in [How::UserError, How::InternalError, How::Panic, How::Unserializable] {
            ids.push(enqueue(NewOperation::new(&Ending { how }, "ann").unwrap()).await);
        }
        ids.push(enqueue(flaky(2)).await);
        ids.push(enqueue(flaky(9)).await);
        let waiting = enqueue(steps()).await;
        app.liveops.cancel(waiting).await.unwrap();
        let chain = ChainStart { name: "Ann".into() };
        ids.push(enqueue(NewOperation::new(&chain, "ann").unwrap()).await);
        app.gate.open(1);
        app.liveops.start_worker();
        for id in ids {
            app.ends(id).await;
        }
        let running = enqueue(steps()).await;
        app.reaches(running, OperationState::Started).await;
        app.liveops.cancel(running).await.unwrap();
        app.ends(running).await;
        // What a chain leads to was enqueued with the end of its first half.
        meter.until(|scrape| scrape.sum(ENDED, &[("op_type", "test.greeting")]) == 1.0).await;
        app.liveops.shutdown(GRACE).await;

        let (scrape, rows) = (meter.scrape(), rows(&app).await);
        assert_eq!(ends_in_scrape(&scrape), ends_in_rows(&rows));
        let ended = |outcome| scrape.sum(ENDED, &[("outcome", outcome)]);
        assert_eq!([ended("finished"), ended("failed"), ended("cancelled")], [8.0, 5.0, 2.0]);
        assert_eq!(scrape.sum(ENQUEUED, &[]), rows.len() as f64);
        assert_eq!(scrape.sum(RETRIED, &[]), 4.0);
        // All but the one that was cancelled before it ran, and four that ran once more.
        let attempts = rows.len() as f64 - 1.0 + 4.0;
        assert_eq!([scrape.sum(WAITS, &[]), scrape.sum(RUNS, &[])], [attempts; 2]);
        assert_eq!([scrape.sum(USED, &[]), scrape.sum("liveops_worker_slots", &[])], [0.0; 2]);
        for name in [RESCUES, LOST, HANDED_BACK, RESTARTED, UNPUBLISHED] {
            assert_eq!(scrape.sum(name, &[]), 0.0, "{name}");
        }
    }

    async fn what_was_lost_counts_as_rescued_and_ends_once(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_on(&db).await;
        let again = lost_run(&app, flaky(0)).await;
        let given_up = lost_run(&app, steps()).await;
        let cancelled = lost_run(&app, nothing()).await;
        app.liveops.cancel(cancelled).await.unwrap();
        app.liveops.start_worker();
        for id in [again, given_up, cancelled] {
            app.ends(id).await;
        }
        app.liveops.shutdown(GRACE).await;

        let scrape = meter.scrape();
        assert_eq!(ends_in_scrape(&scrape), ends_in_rows(&rows(&app).await));
        let rescues = |outcome| scrape.sum(RESCUES, &[("outcome", outcome)]);
        assert_eq!([rescues("another_attempt"), rescues("given_up")], [1.0, 2.0]);
        assert_eq!(scrape.sum(RUNS, &[]), 1.0);
    }

    async fn a_run_that_somebody_took_over_counts_as_lost_and_not_as_ended(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_with_lease(&db, Duration::from_secs(3_600)).await;
        let id = app.liveops.enqueue_new(steps()).await.unwrap().operation_id();
        app.liveops.start_worker();
        app.reaches(id, OperationState::Started).await;
        // As if another process had thought it lost, and ran it now.
        rows::update(id)
            .col_expr(rows::Column::Attempt, Expr::value(2))
            .exec(&app.db)
            .await
            .unwrap();
        // The next stage is saved, which is when the run hears of it.
        app.gate.open(1);
        let scrape = meter.until(|scrape| scrape.sum(LOST, &[]) == 1.0).await;
        assert_eq!(scrape.sum(ENDED, &[]), 0.0);
        app.liveops.shutdown(GRACE).await;
        assert_eq!(meter.scrape().sum(LOST, &[("op_type", "test.steps")]), 1.0);
    }

    async fn what_a_shutdown_hands_back_has_not_ended(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_on(&db).await;
        let id = app.liveops.enqueue_new(steps()).await.unwrap().operation_id();
        app.liveops.start_worker();
        app.reaches(id, OperationState::Started).await;
        let running = meter.until(|scrape| scrape.sum(USED, &[]) == 1.0).await;
        assert_eq!(running.sum("liveops_worker_slots", &[]), 64.0);
        app.liveops.shutdown(Duration::ZERO).await;
        let scrape = meter.scrape();
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::NotStarted);
        // Most of the time there is one attempt. A claim that was under way may have got it back: then it
        // was handed back again, with or without an attempt having begun.
        let handed_back = scrape.sum(HANDED_BACK, &[]);
        assert!(handed_back >= 1.0 && handed_back <= f64::from(row.attempts_before));
        assert_eq!(handed_back, scrape.sum(WAITS, &[]));
        assert_eq!([scrape.sum(ENDED, &[]), scrape.sum(USED, &[])], [0.0, 0.0]);
    }

    async fn a_restart_counts_apart_and_its_end_once_more(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_on(&db).await;
        app.liveops.start_worker();
        let id = app.liveops.enqueue_new(nothing()).await.unwrap().operation_id();
        app.ends(id).await;
        app.liveops.retry(id).await.unwrap();
        app.ends(id).await;
        // One that has not ended is left alone, and not counted.
        let waiting = app.liveops.enqueue_new(steps()).await.unwrap().operation_id();
        app.liveops.retry(waiting).await.unwrap();
        app.liveops.cancel(waiting).await.unwrap();
        app.ends(waiting).await;
        app.liveops.shutdown(GRACE).await;
        let scrape = meter.scrape();
        let of = |name| scrape.sum(name, &[("op_type", "test.nothing")]);
        assert_eq!([of(ENQUEUED), of(RESTARTED), of(ENDED)], [1.0, 1.0, 2.0]);
        assert_eq!(scrape.sum(RESTARTED, &[]), 1.0);
    }

    async fn only_what_is_committed_and_new_counts_as_enqueued(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_on(&db).await;
        let connection = app.db.clone();
        let rolled_back = connection.begin().await.unwrap();
        app.liveops.enqueue_in(&rolled_back, Nothing, "ann").await.unwrap();
        rolled_back.rollback().await.unwrap();
        app.liveops.wake().await;
        assert_eq!(meter.scrape().sum(ENQUEUED, &[]), 0.0);

        let committed = connection.begin().await.unwrap();
        app.liveops.enqueue_in(&committed, Nothing, "ann").await.unwrap();
        app.liveops.commit(committed).await.unwrap();
        app.liveops.wake().await;
        assert_eq!(meter.scrape().sum(ENQUEUED, &[]), 1.0);

        for _ in 0..3 {
            let mut one = nothing();
            one.unique_key = Some("the only one".into());
            app.liveops.enqueue_new(one).await.unwrap();
        }
        assert_eq!(meter.scrape().sum(ENQUEUED, &[]), rows(&app).await.len() as f64);
    }

    async fn a_wait_begins_when_an_attempt_could_be_made(db: TestDatabase) {
        let meter = Meter::begin();
        let app = app_on(&db).await;
        let ago = |hours| Some(chrono::Utc::now() - chrono::TimeDelta::hours(hours));
        let mut planned = nothing();
        // It could not have run before it was enqueued.
        planned.run_after = ago(5);
        let planned = app.liveops.enqueue_new(planned).await.unwrap().operation_id();
        let due_on = app.liveops.find(planned).await.unwrap().unwrap().due_on;
        assert!(chrono::Utc::now() - due_on < chrono::TimeDelta::hours(1));

        // And what failed waits from when its next attempt was due.
        let failed = app.liveops.enqueue_new(flaky(1)).await.unwrap().operation_id();
        app.liveops.start_worker();
        app.ends(failed).await;
        app.ends(planned).await;
        app.liveops.shutdown(GRACE).await;
        let row = app.liveops.find(failed).await.unwrap().unwrap();
        assert!(row.due_on > row.created_on && row.due_on <= row.started_on.unwrap(), "{row:?}");
        let hour = 3_600.0;
        assert!(meter.scrape().sum("liveops_attempt_wait_seconds_sum", &[]) < hour);
    }
}

#[tokio::test]
async fn connections_and_what_they_are_given_are_counted() {
    let meter = Meter::begin();
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let mut messages = socket.until("the subscription", is_subscribed).await;
    let url = served.server.url(&format!("/live/test.steps/{id}/events"));
    let mut events = Events::open(&url, &[]).await;
    events.until(is_subscribed).await;
    let list = Events::open(&served.server.url("/live/events"), &[]).await;
    let open = |scrape: &Scrape, transport| scrape.sum(CONNECTIONS, &[("transport", transport)]);
    let scrape = meter
        .until(|scrape| open(scrape, "websocket") == 1.0 && open(scrape, "event_stream") == 2.0)
        .await;
    assert_eq!(scrape.sum(CLOSED, &[]), 0.0);

    served.app.gate.open(3);
    messages.extend(socket.until("the end", |m| m["liveop_finished"].is_object()).await);
    events.until(|message| message["liveop_finished"].is_object()).await;
    let pings = messages.iter().filter(|message| message["type"] == "ping").count();
    let given = (messages.len() - pings) as f64;
    assert!(given >= 3.0, "{messages:?}");
    let sent = |scrape: &Scrape| scrape.sum(DELIVERIES, &[("transport", "websocket")]);
    assert_eq!(sent(&meter.until(|scrape| sent(scrape) >= given).await), given);
    let frames = messages.iter().filter(|message| !html(message).is_empty()).count() as f64;
    assert!(meter.scrape().sum(PUBLISHED, &[]) >= frames);

    socket.close().await;
    drop(events);
    drop(list);
    let mut refused = served.connect().await;
    refused.send(&json!({ "type": "subscribe", "token": "forged" })).await;
    assert_eq!(refused.closed().await, 4401);
    let scrape = meter
        .until(|scrape| scrape.sum(CONNECTIONS, &[]) == 0.0 && scrape.sum(CLOSED, &[]) == 4.0)
        .await;
    let closed = |transport, code| scrape.sum(CLOSED, &[("transport", transport), ("code", code)]);
    assert_eq!(closed("websocket", "1000"), 1.0);
    assert_eq!(closed("websocket", "4401"), 1.0);
    assert_eq!(closed("event_stream", "1000"), 2.0);
}

#[tokio::test]
async fn a_connection_too_many_counts_as_closed_and_never_as_open() {
    let meter = Meter::begin();
    let mut config = Config::default();
    config.connections_per_viewer_max = 1;
    let served = Served::with(config, MemoryChannelLayer::new()).await;
    let first = served.connect().await;
    let mut second = served.connect().await;
    assert_eq!(second.closed().await, 4429);
    let scrape = meter.until(|scrape| scrape.sum(CLOSED, &[("code", "4429")]) == 1.0).await;
    assert_eq!(scrape.sum(CONNECTIONS, &[]), 1.0);
    first.close().await;
}

#[tokio::test]
async fn pages_that_a_shutdown_sends_away_are_counted_as_that() {
    let meter = Meter::begin();
    let served = Served::start().await;
    let mut socket = served.connect().await;
    let mut list = Events::open(&served.server.url("/live/events"), &[]).await;
    meter.until(|scrape| scrape.sum(CONNECTIONS, &[]) == 2.0).await;
    served.app.liveops.shutdown(Duration::ZERO).await;
    assert_eq!(socket.closed().await, 1012);
    list.ends().await;
    let scrape = meter.until(|scrape| scrape.sum(CONNECTIONS, &[]) == 0.0).await;
    for transport in ["websocket", "event_stream"] {
        let closed = scrape.sum(CLOSED, &[("transport", transport), ("code", "1012")]);
        assert_eq!(closed, 1.0, "{transport}: {scrape:#?}");
    }
}

#[tokio::test]
async fn catch_ups_are_counted_by_what_was_missing() {
    let meter = Meter::begin();
    let served = Served::start().await;
    let kinds = ["up_to_date", "delta", "reset", "row"];
    let counts = || kinds.map(|kind| meter.scrape().sum(CATCH_UPS, &[("kind", kind)]));
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    let is_in_first = |message: &Value| html(message).contains("entered Load");
    let early = socket.next_matching("the first stage", is_in_first).await;
    served.app.gate.open(3);
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    socket.close().await;

    // It has ended, so nothing else brings a client up to date any more.
    let mut socket = served.connect().await;
    let mut expected = counts();
    for (since, kind) in [(end["cursor"].as_str(), 0), (early["cursor"].as_str(), 1), (None, 2)] {
        served.follow(&mut socket, id, since).await;
        socket.next_matching("the subscription", is_subscribed).await;
        expected[kind] += 1.0;
        assert_eq!(counts(), expected, "since {since:?}");
    }

    // One that nobody runs: only its row knows of it, and is looked at again and again.
    let mut later = NewOperation::new(&Nothing, "ann").unwrap();
    later.run_after = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
    let later = served.app.liveops.enqueue_new(later).await.unwrap().operation_id();
    served.follow(&mut socket, later, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    assert!(counts()[3] > expected[3]);
    assert_eq!(counts()[..3], expected[..3]);
}

#[tokio::test]
async fn a_page_that_is_loaded_is_no_catch_up() {
    let meter = Meter::begin();
    let app = TestApp::eager().await;
    let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    app.get(&app.liveops.url(Greeting::OP_TYPE, id)).await;
    assert_eq!(meter.scrape().sum(CATCH_UPS, &[]), 0.0);
    assert_eq!(meter.scrape().sum(ENDED, &[]), 1.0);
}

/// Takes no frame, and says why.
#[derive(Debug)]
struct Refusing {
    inner: MemoryChannelLayer,
    refusal: Refusal,
}

type Refusal = fn() -> PublishError;

#[async_trait]
impl LayerOverrides for Refusing {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.inner
    }

    async fn open(
        &self,
        _: &ChannelName,
        _: Attempt,
        _: OpenedBy,
        _: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        Err((self.refusal)())
    }

    async fn publish(
        &self,
        _: &ChannelName,
        _: Attempt,
        _: Payload,
    ) -> Result<Cursor, PublishError> {
        Err((self.refusal)())
    }
}

#[tokio::test]
async fn frames_that_are_not_published_are_counted_by_what_was_in_the_way() {
    let failed = || ChannelError::new("publish a frame", "the network is gone").into();
    let cases: [(Refusal, &str); 2] =
        [(failed, "failed"), (|| PublishError::Stale { current: Attempt(9) }, "stale")];
    for (refusal, reason) in cases {
        let meter = Meter::begin();
        let app = TestApp::with(|builder| {
            builder
                .runner(RunnerKind::Eager)
                .channel_layer(Overridden(Refusing { inner: MemoryChannelLayer::new(), refusal }))
        })
        .await;
        let id = app.liveops.enqueue(Nothing, "ann").await.unwrap();
        app.reaches(id, OperationState::FinishedOk).await;
        let scrape = meter.scrape();
        assert!(scrape.sum(UNPUBLISHED, &[("reason", reason)]) >= 1.0, "{scrape:#?}");
        assert_eq!(scrape.sum(UNPUBLISHED, &[("reason", reason)]), scrape.sum(UNPUBLISHED, &[]));
        assert_eq!([scrape.sum(PUBLISHED, &[]), scrape.sum(ENDED, &[])], [0.0, 1.0]);
    }
}

#[test]
fn every_metric_has_a_name_of_its_own_that_tells_its_kind() {
    let mut names: Vec<&str> = metrics::ALL.iter().map(|metric| metric.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), metrics::ALL.len());
    for metric in metrics::ALL {
        let suffix = match metric.kind {
            MetricKind::Counter => "_total",
            MetricKind::Histogram => "_seconds",
            MetricKind::Gauge => "",
        };
        assert!(metric.name.starts_with("liveops_") && metric.name.ends_with(suffix), "{metric:?}");
    }
}
