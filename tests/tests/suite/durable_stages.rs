//! What a durable stage gave is kept until the operation has finished, and nobody but the run that
//! the operation belongs to has a say in it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::header;
use chrono::{DateTime, Utc};
use liveops::{
    Attempt, ChannelName, LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    RunnerKind,
    operation::NewOperation,
    store,
    testing::{self, StageOutcome},
};
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Order, Query},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{
    app::{Gate, TestApp, request},
    database::{TestDatabase, on_every_database},
    postgres::PostgresDatabase,
    proxy::Proxy,
    rows,
    until::until,
};

/// Where operations do their work: what they did, and when they may go on.
#[derive(Clone)]
struct Bench {
    done: Arc<Mutex<Vec<String>>>,
    gate: Gate,
}

impl Bench {
    fn new() -> Self {
        Self { done: Arc::default(), gate: Gate::new() }
    }

    fn note(&self, what: impl Into<String>) {
        self.done.lock().unwrap().push(what.into());
    }

    fn is_done(&self, what: &str) -> bool {
        self.done.lock().unwrap().iter().any(|done| done == what)
    }

    /// What was done, in order, since this was asked before.
    fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.done.lock().unwrap())
    }
}

/// Counts words, in three durable stages; the second passes the gate.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Count", "Save")]
#[liveop(app = "test", state = Bench, on_shutdown = "requeue")]
struct Words {
    /// In which attempts the second stage fails: the first so many.
    failures: u32,
}

impl Run for Words {
    type Output = usize;

    async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
        use WordsStage::{Count, Load, Save};

        let bench = p.state();
        let words = p
            .stage_once(Load, async {
                bench.note("Load");
                Ok(vec!["to".to_owned(), "be".to_owned()])
            })
            .await?;
        let count = p
            .stage_once(Count, async {
                bench.note("Count");
                tokio::select! {
                    () = bench.gate.pass() => {}
                    () = p.cancelled() => p.check_cancelled()?,
                }
                if p.attempt().0 <= self.failures {
                    Err("the counter is broken".into())
                } else {
                    Ok(words.len())
                }
            })
            .await?;
        p.stage_once(Save, async {
            bench.note("Save");
            Ok(count)
        })
        .await
    }
}

async fn app<Op>(db: &TestDatabase, bench: &Bench, runner: RunnerKind) -> TestApp
where
    Op: Run<State = Bench>,
{
    let bench = bench.clone();
    TestApp::on(&db.url(), |builder| {
        builder.state(bench).register::<Op>().runner(runner).state(Gate::new())
    })
    .await
}

/// An operation that was enqueued on the spot, and so has been run.
async fn ran<Op: Run>(app: &TestApp, operation: Op) -> OperationId {
    app.liveops.enqueue(operation, "ann").await.unwrap()
}

async fn row(app: &TestApp, id: OperationId) -> store::Model {
    app.liveops.find(id).await.unwrap().unwrap()
}

async fn saved(app: &TestApp, id: OperationId) -> Vec<String> {
    let query = Query::select()
        .column("stage")
        .from("liveops_stage_output")
        .and_where(Expr::col("operation").eq(id.as_uuid()))
        .order_by("stage", Order::Asc)
        .take();
    let rows = app.db.query_all(&query).await.unwrap();
    rows.iter().map(|row| row.try_get("", "stage").unwrap()).collect()
}

/// Waits until the run is where the gate stands.
async fn stands_at_the_gate(bench: &Bench) {
    let stands = async {
        while bench.done.lock().unwrap().last().is_none_or(|last| last != "Count") {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), stands).await.expect("it comes to the gate");
}

/// Puts an operation back into the queue, as a process that takes its worker for dead does.
async fn take_over(app: &TestApp, id: OperationId) {
    let taken = rows::update(id)
        .filter(rows::Column::Attempt.eq(1))
        .filter(rows::Column::Worker.is_not_null())
        .col_expr(rows::Column::Attempt, Expr::value(2))
        .col_expr(rows::Column::Rescues, Expr::value(1))
        .col_expr(rows::Column::StartedOn, Expr::value(None::<DateTime<Utc>>))
        .col_expr(rows::Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(rows::Column::Worker, Expr::value(None::<String>))
        .exec(&app.db)
        .await
        .unwrap();
    assert_eq!(taken.rows_affected, 1, "somebody runs it");
}

async fn page(app: &TestApp, id: OperationId) -> String {
    app.get(&app.liveops.url(Words::OP_TYPE, id)).await.body
}

/// Waits until the page shows `html`: what a run reports is shown a little later.
async fn shows(app: &TestApp, id: OperationId, html: &str) {
    let channel = ChannelName::operation(id);
    let mut frames = app.liveops.channel_layer().subscribe(&channel).await.unwrap();
    let shown = async {
        while !page(app, id).await.contains(html) {
            frames.next().await.unwrap().unwrap();
        }
    };
    timeout(Duration::from_secs(30), shown).await.expect("the page shows it");
}

async fn as_json(app: &TestApp, id: OperationId) -> Value {
    let mut request = request("GET", &app.liveops.url(Words::OP_TYPE, id));
    request.headers_mut().insert(header::ACCEPT, "application/json".parse().unwrap());
    app.send(request).await.json()
}

on_every_database! {
    async fn a_retry_after_a_failure_goes_on_where_it_failed(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Words>(&db, &bench, RunnerKind::Eager).await;
        bench.gate.open(3);
        let id = ran(&app, Words { failures: 2 }).await;
        assert_eq!(row(&app, id).await.state(), OperationState::FinishedError);
        assert_eq!((bench.done(), saved(&app, id).await), (strings(["Load", "Count"]), strings(["Load"])));

        app.liveops.retry(id).await.unwrap();
        assert_eq!(bench.done(), ["Count"]);
        assert_eq!(row(&app, id).await.stage_states, json!(["reused", "failed", "pending"]));

        app.liveops.retry(id).await.unwrap();
        assert_eq!(bench.done(), ["Count", "Save"]);
        let row = row(&app, id).await;
        assert_eq!((row.state(), row.result_context.as_ref()), (OperationState::FinishedOk, Some(&json!(2))));
        assert_eq!(row.stage_states, json!(["reused", "done", "done"]));
    }

    async fn a_retry_of_what_has_finished_runs_all_of_it(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Words>(&db, &bench, RunnerKind::Eager).await;
        bench.gate.open(2);
        let id = ran(&app, Words { failures: 0 }).await;
        assert_eq!(row(&app, id).await.state(), OperationState::FinishedOk);
        assert_eq!(saved(&app, id).await, [""; 0], "nobody needs them any more");
        assert_eq!(bench.done(), ["Load", "Count", "Save"]);

        app.liveops.retry(id).await.unwrap();
        assert_eq!(bench.done(), ["Load", "Count", "Save"]);
        assert_eq!(row(&app, id).await.stage_states, json!(["done", "done", "done"]));
    }

    async fn a_retry_after_a_cancellation_goes_on_where_it_was_cancelled(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Words>(&db, &bench, RunnerKind::Spawn).await;
        let id = ran(&app, Words { failures: 0 }).await;
        stands_at_the_gate(&bench).await;
        app.liveops.cancel(id).await.unwrap();
        app.reaches(id, OperationState::Cancelled).await;
        assert_eq!((bench.done(), saved(&app, id).await), (strings(["Load", "Count"]), strings(["Load"])));

        app.liveops.retry(id).await.unwrap();
        bench.gate.open(1);
        app.reaches(id, OperationState::FinishedOk).await;
        assert_eq!(bench.done(), ["Count", "Save"]);
    }

    async fn a_run_that_was_handed_back_goes_on_where_it_was_stopped(db: TestDatabase) {
        let bench = Bench::new();
        let old = app::<Words>(&db, &bench, RunnerKind::Spawn).await;
        let id = ran(&old, Words { failures: 0 }).await;
        stands_at_the_gate(&bench).await;
        old.liveops.shutdown(Duration::ZERO).await;
        assert_eq!(bench.done(), ["Load", "Count"]);

        let new = app::<Words>(&db, &bench, RunnerKind::Spawn).await;
        bench.gate.open(1);
        new.liveops.start_worker();
        new.reaches(id, OperationState::FinishedOk).await;
        assert_eq!(bench.done(), ["Count", "Save"]);
        let row = row(&new, id).await;
        assert_eq!(row.attempt - row.attempts_before, 1, "handing back costs no attempt");
    }

    async fn a_stale_attempt_saves_nothing_and_goes_no_further(db: TestDatabase) {
        let [stale_bench, bench] = [Bench::new(), Bench::new()];
        // No worker, which might take the operation over itself.
        let stale = app::<Words>(&db, &stale_bench, RunnerKind::Eager).await;
        let words = NewOperation::new(&Words { failures: 0 }, "ann").unwrap();
        let id = words.id;
        let stale_run = tokio::spawn({
            let liveops = stale.liveops.clone();
            async move { liveops.enqueue_new(words).await.unwrap() }
        });
        stands_at_the_gate(&stale_bench).await;
        take_over(&stale, id).await;

        // The one that takes over replays the first stage, and is in the second, too.
        let app = app::<Words>(&db, &bench, RunnerKind::Spawn).await;
        app.liveops.start_worker();
        stands_at_the_gate(&bench).await;
        assert_eq!(bench.done(), ["Count"]);

        stale_bench.gate.open(1);
        stale_run.await.unwrap();
        assert_eq!(stale_bench.done(), ["Load", "Count"]);
        assert_eq!(saved(&app, id).await, ["Load"]);

        bench.gate.open(1);
        app.reaches(id, OperationState::FinishedOk).await;
        assert_eq!(bench.done(), ["Save"]);
        assert_eq!(row(&app, id).await.attempt_number(), Attempt(2));
    }

    async fn a_reused_stage_is_shown_as_such(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Words>(&db, &bench, RunnerKind::Spawn).await;
        bench.gate.open(1);
        let id = ran(&app, Words { failures: 1 }).await;
        app.reaches(id, OperationState::FinishedError).await;
        assert!(!page(&app, id).await.contains("reused"));

        bench.done();
        app.liveops.retry(id).await.unwrap();
        stands_at_the_gate(&bench).await;
        let load = r#"<li class="op-stage" data-state="done" data-reused><span class="op-stage-name">Load</span> <span class="op-hidden">(done)</span> <span class="op-stage-note">(reused)</span></li>"#;
        let stages = |second: &str| json!([
            { "name": "Load", "state": "done", "reused": true },
            { "name": "Count", "state": second },
            { "name": "Save", "state": if second == "done" { "done" } else { "pending" } },
        ]);
        shows(&app, id, load).await;
        let operation = as_json(&app, id).await;
        assert_eq!(operation["stages"], stages("active"));
        assert_eq!(operation["percent"].as_f64().unwrap().round(), 33.0);

        bench.gate.open(1);
        app.reaches(id, OperationState::FinishedOk).await;
        shows(&app, id, load).await;
        assert_eq!(as_json(&app, id).await["stages"], stages("done"));
    }

    async fn an_output_whose_type_has_changed_is_an_error_that_says_the_way_out(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Changing>(&db, &bench, RunnerKind::Eager).await;
        let id = ran(&app, Changing).await;
        app.liveops.retry(id).await.unwrap();
        let row = row(&app, id).await;
        assert_eq!(row.state(), OperationState::FinishedError);
        assert_eq!(row.stage_states, json!(["failed"]));
        assert!(row.error_message.unwrap().starts_with("Something went wrong."));
        assert_eq!(
            row.traceback.unwrap(),
            "expected the output of the durable stage `Load` of `test.changing` from an earlier attempt \
             to be `suite::durable_stages::Rows`, found \"seven rows\": let the type read this form \
             too, give the stage another label so that it runs again, or enqueue a new operation\n\
             caused by: invalid type: string \"seven rows\", expected struct Rows at line 1 column 12"
        );
        assert_eq!(saved(&app, id).await, ["Load"], "it may be readable again");
    }

    async fn a_stage_that_panics_is_run_again(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Panicking>(&db, &bench, RunnerKind::Eager).await;
        let id = ran(&app, Panicking).await;
        assert_eq!(row(&app, id).await.stage_states, json!(["failed"]));
        app.liveops.retry(id).await.unwrap();
        assert_eq!(row(&app, id).await.state(), OperationState::FinishedOk);
        assert_eq!(bench.done(), ["panicked", "finished"]);
    }

    async fn what_was_saved_is_what_is_replayed(db: TestDatabase) {
        let bench = Bench::new();
        let app = app::<Replaying>(&db, &bench, RunnerKind::Eager).await;
        let mut random = TestRunner::default();
        for _ in 0..100 {
            let output = output().new_tree(&mut random).unwrap().current();
            let id = ran(&app, Replaying { output: serde_json::to_string(&output).unwrap() }).await;
            app.liveops.retry(id).await.unwrap();
            let replayed = bench.done();
            assert_eq!(replayed.len(), 2, "{:?}: {:?}", output, row(&app, id).await.traceback);
            // Numbers are compared to the last bit.
            assert_eq!(replayed, [format!("{output:?}"), format!("{output:?}")]);
        }
    }
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Thinks differently of its first stage after the first attempt.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[liveop(app = "test", state = Bench)]
struct Changing;

#[derive(Debug, Serialize, Deserialize)]
struct Rows {
    count: u32,
}

impl Run for Changing {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        if p.attempt() == Attempt(1) {
            p.stage_once(ChangingStage::Load, async { Ok("seven rows".to_owned()) }).await?;
            return Err("the disk is full".into());
        }
        p.stage_once(ChangingStage::Load, async { Ok(Rows { count: 7 }) }).await?;
        Ok(())
    }
}

/// Panics in its first attempt.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[liveop(app = "test", state = Bench)]
struct Panicking;

impl Run for Panicking {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage_once(PanickingStage::Load, async {
            if p.attempt() == Attempt(1) {
                p.state().note("panicked");
                panic!("on purpose");
            }
            p.state().note("finished");
            Ok(())
        })
        .await
    }
}

/// Gives an output in its first attempt, and fails in every one with what it got.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load")]
#[liveop(app = "test", state = Bench)]
struct Replaying {
    output: String,
}

impl Run for Replaying {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let load = async {
            assert_eq!(p.attempt(), Attempt(1), "a later one has it already");
            Ok(serde_json::from_str::<Everything>(&self.output)?)
        };
        let output = p.stage_once(ReplayingStage::Load, load).await?;
        p.state().note(format!("{output:?}"));
        Err("and once more".into())
    }
}

/// What JSON, or a database that keeps it, may not get right.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Everything {
    text: String,
    signed: i64,
    unsigned: u64,
    wide: i128,
    float: f64,
    single: f32,
    maybe: Option<bool>,
    choice: Choice,
    map: BTreeMap<i32, Vec<u8>>,
    raw: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Choice {
    Nothing,
    One(char),
    Several { first: String, second: () },
}

fn output() -> impl Strategy<Value = Everything> {
    use prop::num::{f32, f64};
    let float = f64::NORMAL | f64::SUBNORMAL | f64::ZERO | f64::POSITIVE | f64::NEGATIVE;
    let single = f32::NORMAL | f32::SUBNORMAL | f32::ZERO | f32::POSITIVE | f32::NEGATIVE;
    let choice = prop_oneof![
        Just(Choice::Nothing),
        any::<char>().prop_map(Choice::One),
        any::<String>().prop_map(|first| Choice::Several { first, second: () }),
    ];
    let raw = prop_oneof![
        any::<String>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        float.prop_map(Value::from),
        prop::collection::hash_map("[a-z\0]{0,3}", any::<bool>(), 0..5).prop_map(|map| json!(map)),
    ];
    let map = prop::collection::btree_map(any::<i32>(), any::<Vec<u8>>(), 0..4);
    (
        prop_oneof![any::<String>(), Just("\0 and \u{fffd}".to_owned())],
        any::<(i64, u64, i128)>(),
        (float, single),
        any::<Option<bool>>(),
        choice,
        (map, raw),
    )
        .prop_map(
            |(text, (signed, unsigned, wide), (float, single), maybe, choice, (map, raw))| {
                Everything { text, signed, unsigned, wide, float, single, maybe, choice, map, raw }
            },
        )
}

/// Does in its durable stage what it is told to.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
#[liveop(app = "test")]
struct Awkward {
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum How {
    Twice,
    TooLarge,
    NotANumber,
    Pairs,
    SideBySide,
}

/// Lets the other one begin before it ends.
async fn side_by_side() -> RunResult<()> {
    tokio::task::yield_now().await;
    Ok(())
}

impl Run for Awkward {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        use AwkwardStage::{Load, Save};

        match self.how {
            How::Twice => {
                p.stage_once(Load, async { Ok(1) }).await?;
                p.stage_once(Load, async { Ok(2) }).await?;
            }
            How::TooLarge => {
                p.stage_once(Load, async { Ok("x".repeat(4 << 20)) }).await?;
            }
            How::NotANumber => {
                p.stage_once(Load, async { Ok(f64::NAN) }).await?;
            }
            How::Pairs => {
                p.stage_once(Load, async { Ok(BTreeMap::from([((1, 2), 3)])) }).await?;
            }
            How::SideBySide => {
                let load = p.stage_once(Load, side_by_side());
                let save = p.stage_once(Save, side_by_side());
                tokio::try_join!(load, save)?;
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_durable_stage_is_entered_once_in_a_run() {
    let recording = testing::run(Awkward { how: How::Twice }).await;
    assert_eq!(
        recording.result.unwrap_err().to_string(),
        "expected the durable stage `Load` of `test.awkward` to be entered once in a run, found a \
         second entry: use `stage` for a stage that repeats"
    );
    let recording = testing::run(Awkward { how: How::SideBySide }).await;
    recording.result.as_ref().unwrap();
    let outcomes: Vec<_> = recording.stages().into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [StageOutcome::Done; 2]);
}

#[tokio::test]
async fn an_output_that_could_not_be_replayed_is_an_error_at_once() {
    for (how, message) in [
        (
            How::TooLarge,
            "expected the output of the durable stage `Load` of `test.awkward` to be at most \
             4194304 bytes of JSON, found 4194306: store larger data in a file or a table and \
             return its name",
        ),
        (
            How::NotANumber,
            "expected the output of the durable stage `Load` of `test.awkward` to deserialize to \
             `f64`, found null",
        ),
        (How::Pairs, "the output of the durable stage `Load` of `test.awkward` does not serialize"),
    ] {
        let recording = testing::run(Awkward { how }).await;
        assert_eq!(recording.stages()[0].1, StageOutcome::Failed);
        assert_eq!(recording.result.unwrap_err().to_string(), message);
    }
}

#[tokio::test]
async fn an_output_is_saved_although_the_first_answer_never_comes() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let proxy = Proxy::start(database.address()).await;
    let (bench, url) = (Bench::new(), proxy.database_url(&database.url()));
    let app = TestApp::on(&url, |builder| {
        builder.state(bench.clone()).register::<Words>().state(Gate::new())
    })
    .await;
    let id = app.liveops.enqueue(Words { failures: 0 }, "ann").await.unwrap();
    until("the second stage has begun", async || bench.is_done("Count")).await;
    proxy.forget_connections();
    bench.gate.open(1);
    let database = TestDatabase::Postgres(database);
    let witness = self::app::<Words>(&database, &bench, RunnerKind::Worker).await;
    until("the operation has ended", async || row(&witness, id).await.state().is_terminal()).await;
    let row = row(&witness, id).await;
    assert_eq!((row.state(), row.attempt), (OperationState::FinishedOk, 1));
    assert_eq!(bench.done(), ["Load", "Count", "Save"]);
}
