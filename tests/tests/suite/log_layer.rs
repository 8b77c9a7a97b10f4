//! What an operation logs with `tracing` is in its log.

use std::{
    fmt::{self, Debug},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use liveops::{
    Config, LiveOperation, LiveOps, LogLayer, Progress, Run, RunResult, RunnerKind, event::Level,
    runner::Builder, store, testing,
};
use serde::{Deserialize, Serialize};
use tokio::task::{spawn_blocking, yield_now};
use tracing::{Instrument, info_span, level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter as FilterLevel, Targets},
    prelude::*,
    reload,
};

use crate::support::{
    database::on_every_database,
    log,
    served::{Served, html},
};

/// Logs in every way that there is.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[liveop(app = "test")]
struct Chatter {
    how: How,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Plainly,
    AtEveryLevel,
    WithFields,
    InSpans,
    Elsewhere,
    BesidesWork,
}

impl Run for Chatter {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        match self.how {
            How::Plainly => tracing::info!(rows = 3, "loaded"),
            How::AtEveryLevel => {
                tracing::error!("at error");
                tracing::warn!("at warn");
                tracing::info!("at info");
                tracing::debug!("at debug");
                tracing::trace!("at trace");
            }
            How::WithFields => with_fields(),
            How::InSpans => in_spans().await,
            How::Elsewhere => {
                tracing::info!(target: "library", "of a library");
                tracing::info!(target: "library::inner", "deep in a library");
                tracing::info!(target: "liveops", "of liveops");
                tracing::info!(target: "liveops::store", "deep in liveops");
                tracing::info!(target: "liveops_of_mine", "named alike");
            }
            How::BesidesWork => {
                tracing::info!("before");
                p.stage_once(ChatterStage::Load, async {
                    p.set(1, 2);
                    yield_now().await;
                    Ok(1)
                })
                .await?;
                tracing::info!("after");
            }
        }
        Ok(())
    }
}

fn with_fields() {
    let error = std::io::Error::other("the disk is full");
    let name = "Ann \"A\"\nB";
    tracing::info!(count = 3, share = 0.5, done = true, name, shown = %name, kind = ?Some(1), "a");
    tracing::info!(error = &error as &dyn std::error::Error, "two\nlines");
    tracing::info!(rows = 3);
}

async fn in_spans() {
    let inner = info_span!("inner");
    async { tracing::info!("in a span") }.instrument(inner).await;
    tokio::spawn(async { tracing::info!("in a task") }.in_current_span()).await.unwrap();
    tokio::spawn(async { tracing::info!("in a task of nobody's") }).await.unwrap();
    let (span, subscriber) =
        (tracing::Span::current(), tracing::dispatcher::get_default(Clone::clone));
    spawn_blocking(move || {
        tracing::dispatcher::with_default(&subscriber, || {
            span.in_scope(|| tracing::info!("in a thread"));
        });
    })
    .await
    .unwrap();
}

/// Has this thread log into a layer while the guard lives.
fn log_into(layer: impl Layer<Registry> + Send + Sync) -> DefaultGuard {
    log::log_into(Registry::default().with(layer))
}

fn mine() -> LogLayer {
    LogLayer::for_target("suite")
}

async fn lines(how: How) -> Vec<String> {
    let recording = testing::run(Chatter { how }).await;
    recording.log().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_page_of_an_operation_shows_what_it_logs() {
    let _log = log_into(mine().build());
    let served = Served::build(Config::default(), Builder::register::<Chatter>).await;
    let mut socket = served.connect().await;
    let id = served.app.liveops.enqueue(Chatter { how: How::Plainly }, "ann").await.unwrap();
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the line", |message| html(message).contains("loaded rows=3")).await;
    served.app.ends(id).await;
    assert_eq!(served.app.log(id).await.len(), 1);
}

on_every_database! {
    async fn what_liveops_and_its_dependencies_say_is_not_shown(db: TestDatabase) {
        let _log = log_into(LogLayer::for_all_targets(LevelFilter::TRACE).build());
        let liveops = LiveOps::builder(store::connect(&db.url()).await.unwrap())
            .register::<Chatter>()
            .runner(RunnerKind::Eager)
            .build()
            .unwrap();
        liveops.migrate().await.unwrap();
        let id = liveops.enqueue(Chatter { how: How::BesidesWork }, "ann").await.unwrap();
        let lines = liveops.log(id).await.unwrap();
        let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, ["before", "after"]);
    }
}

#[tokio::test]
async fn debug_and_trace_are_left_out_unless_asked_for() {
    let recording = {
        let _log = log_into(mine().build());
        testing::run(Chatter { how: How::AtEveryLevel }).await
    };
    let told: Vec<(Level, &str)> =
        recording.log_lines().iter().map(|line| (line.level, line.text.as_str())).collect();
    let expected =
        [(Level::Error, "at error"), (Level::Warning, "at warn"), (Level::Info, "at info")];
    assert_eq!(told, expected);

    let _log = log_into(mine().with_target("suite", LevelFilter::TRACE).build());
    let lines = lines(How::AtEveryLevel).await;
    assert_eq!(lines[3..], ["at debug", "at trace"]);
}

#[tokio::test]
async fn an_event_is_one_line_of_its_message_and_its_fields() {
    let _log = log_into(mine().build());
    let expected = [
        "a count=3 share=0.5 done=true name=\"Ann \\\"A\\\"\\nB\" shown=Ann \"A\" B kind=Some(1)",
        "two lines error=the disk is full",
        "rows=3",
    ];
    assert_eq!(lines(How::WithFields).await, expected);
}

#[tokio::test]
async fn spans_tasks_and_threads_that_are_in_the_span_of_a_run_belong_to_it() {
    let _log = log_into(mine().build());
    assert_eq!(lines(How::InSpans).await, ["in a span", "in a task", "in a thread"]);
}

#[tokio::test]
async fn only_targets_that_were_named_are_shown() {
    let of = |layer: LogLayer| async move {
        let _log = log_into(layer.build());
        lines(How::Elsewhere).await
    };
    assert_eq!(of(mine()).await, [""; 0]);
    let library = LogLayer::for_target("library").with_target("library::inner", LevelFilter::OFF);
    assert_eq!(of(library).await, ["of a library"]);
    let all =
        LogLayer::for_all_targets(LevelFilter::INFO).with_target("library", LevelFilter::WARN);
    assert_eq!(of(all).await, ["named alike"]);
}

#[tokio::test]
async fn a_filter_around_it_and_a_subscriber_beside_it_change_nothing_else() {
    let around = Targets::new()
        .with_target("suite", FilterLevel::WARN)
        .with_target("liveops", FilterLevel::ERROR);
    let _log = log_into(mine().build().with_filter(around));
    assert_eq!(lines(How::AtEveryLevel).await, ["at error", "at warn"]);

    // Another layer that wants everything, and one that wants nothing.
    let loud = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let silent = tracing_subscriber::fmt::layer().with_filter(FilterLevel::OFF);
    let subscriber = Registry::default().with(loud).with(mine().build()).with(silent);
    let _log = log::log_into(subscriber);
    assert_eq!(lines(How::AtEveryLevel).await, ["at error", "at warn", "at info"]);
}

#[tokio::test]
async fn a_filter_that_is_reloaded_takes_effect_in_a_run() {
    let (filter, handle) = reload::Layer::new(FilterLevel::ERROR);
    let _log = log_into(mine().build().with_filter(filter));
    assert_eq!(lines(How::AtEveryLevel).await, ["at error"]);
    handle.reload(FilterLevel::INFO).unwrap();
    assert_eq!(lines(How::AtEveryLevel).await, ["at error", "at warn", "at info"]);
}

#[tokio::test]
async fn a_run_on_another_thread_has_the_subscriber_of_that_thread() {
    let _log = log_into(mine().build());
    assert_eq!(lines(How::Plainly).await, ["loaded rows=3"]);
    let elsewhere = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(lines(How::Plainly))
    });
    assert_eq!(elsewhere.join().unwrap(), [""; 0]);
}

/// Runs a [`Chatter`] on the spot, as an application in a script does.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = LiveOps)]
struct Outer;

impl Run for Outer {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        tracing::info!("outside");
        let inner = p.state().enqueue(Chatter { how: How::BesidesWork }, "ann").await?;
        tracing::info!("outside again");
        Ok(inner.to_string())
    }
}

#[tokio::test]
async fn an_operation_that_runs_another_one_has_its_own_lines() {
    let _log = log_into(LogLayer::for_all_targets(LevelFilter::TRACE).build());
    let db = store::connect("sqlite::memory:").await.unwrap();
    let builder = LiveOps::builder(db).register::<Chatter>().runner(RunnerKind::Eager);
    let liveops = builder.build().unwrap();
    liveops.migrate().await.unwrap();
    let recording = testing::run(Outer).state(liveops.clone()).await;
    assert_eq!(recording.log(), ["outside", "outside again"]);
    let inner = recording.expect_finished().parse().unwrap();
    let lines = liveops.log(inner).await.unwrap();
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["before", "after"]);
}

/// Counts how often it is written.
struct Costly(Arc<AtomicUsize>);

impl Debug for Costly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fetch_add(1, Ordering::Relaxed);
        f.write_str("costly")
    }
}

#[tokio::test]
async fn outside_of_operations_nothing_is_formatted() {
    let _log = log_into(mine().build());
    let formatted = Arc::<AtomicUsize>::default();
    let costly = Costly(formatted.clone());
    let say = || tracing::info!(?costly, "at info");
    say();
    info_span!("request").in_scope(say);
    assert_eq!(formatted.load(Ordering::Relaxed), 0);

    // The same event, in a run.
    let recording = testing::run(Saying).state(formatted.clone()).await;
    assert_eq!(recording.log(), ["at info costly=costly"]);
    assert_eq!(formatted.load(Ordering::Relaxed), 1);
}

#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Arc<AtomicUsize>)]
struct Saying;

impl Run for Saying {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let costly = Costly(p.state().clone());
        tracing::info!(?costly, "at info");
        Ok(())
    }
}
