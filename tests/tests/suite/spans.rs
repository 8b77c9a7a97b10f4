//! What happens to an operation is found in the traces of several processes by its id.

use std::time::Duration;

use liveops::{
    LiveOperation, LiveOps, OperationId, Progress, Run, RunResult, RunnerKind,
    operation::NewOperation, store,
};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{ChainStart, Nothing, TestApp},
    database::{TestDatabase, on_every_database},
    log::{Line, Log},
    until::until,
};

/// Says something, fails once, and says something again.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", name = "traced", max_attempts = 2)]
struct Traced {}

impl Run for Traced {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("here");
        if p.attempt().0 == 1 { Err("once more".into()) } else { Ok(()) }
    }
}

/// A process of its own, as far as that goes: nothing is shared but the database.
async fn process(db: &TestDatabase) -> LiveOps {
    let db = store::connect(&db.url()).await.unwrap();
    let mut config = liveops::Config::default();
    config.poll_interval = Duration::from_millis(10);
    let builder = LiveOps::builder(db).register::<Traced>();
    builder.config(config).runner(RunnerKind::Worker).build().unwrap()
}

fn traced() -> NewOperation {
    let mut new = NewOperation::new(&Traced {}, "ann").unwrap();
    new.backoff.first = Duration::ZERO;
    new
}

async fn ends(liveops: &LiveOps, id: OperationId) {
    until("it has ended", async || liveops.find(id).await.unwrap().unwrap().state().is_terminal())
        .await;
}

/// The spans of liveops with this id, each once, in the order in which they began.
fn spans_of(lines: &[Line], id: OperationId) -> Vec<String> {
    let id = format!(" id={id}");
    let spans = lines.iter().filter(|line| line.target == "liveops" && line.text.contains(&id));
    let mut texts: Vec<String> = spans.map(|line| line.text.replace(&id, "")).collect();
    texts.dedup();
    texts
}

on_every_database! {
    async fn the_spans_of_an_operation_have_its_id_in_every_process(db: TestDatabase) {
        let log = Log::begin();
        let (web, worker) = (process(&db).await, process(&db).await);
        web.migrate().await.unwrap();
        let id = web.enqueue_new(traced()).await.unwrap().operation_id();
        worker.start_worker();
        ends(&worker, id).await;
        worker.shutdown(Duration::from_secs(30)).await;

        let mut spans = spans_of(&log.lines(), id);
        let pushes = spans.iter().filter(|span| span.starts_with("liveops.push")).count();
        assert!(pushes >= 2, "{spans:?}");
        assert!(spans.iter().all(|span| span.contains("op_type=\"test.traced\"")), "{spans:?}");
        spans.retain(|span| !span.starts_with("liveops.push"));
        let expected = [
            "liveops.enqueue op_type=\"test.traced\"",
            "liveops.claim op_type=\"test.traced\" attempt=1",
            "liveops.run op_type=\"test.traced\" attempt=1",
            "liveops.claim op_type=\"test.traced\" attempt=2",
            "liveops.run op_type=\"test.traced\" attempt=2",
        ];
        assert_eq!(spans, expected);
    }
}

#[tokio::test]
async fn what_is_handed_over_to_has_a_span_of_its_own() {
    let log = Log::begin();
    let app = TestApp::eager().await;
    app.gate.open(1);
    let id = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
    let next = app.liveops.find(id).await.unwrap().unwrap().chained_to.unwrap();
    let spans = spans_of(&log.lines(), next.into());
    let begins = |name| spans.iter().filter(|span| span.starts_with(name)).count();
    let counts = ["liveops.enqueue", "liveops.claim", "liveops.run"].map(begins);
    assert_eq!(counts, [1, 1, 1], "{spans:?}");
}

#[tokio::test]
async fn a_restart_is_found_by_its_id_too() {
    let app = TestApp::eager().await;
    let id = app.liveops.enqueue(Nothing, "ann").await.unwrap();
    let log = Log::begin();
    app.liveops.retry(id).await.unwrap();
    let spans = spans_of(&log.lines(), id);
    for name in ["liveops.enqueue", "liveops.claim", "liveops.run", "liveops.push"] {
        assert!(spans.iter().any(|span| span.starts_with(name)), "no {name} in {spans:?}");
    }
}
