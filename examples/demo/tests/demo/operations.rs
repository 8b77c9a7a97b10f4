use std::{collections::BTreeSet, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use demo::operations::{
    DemoImport, DurableTask, EchoTask, Echoed, FlakyTask, FloodTask, Flooded, Imported, MESSAGE,
    ShortText,
};
use liveops::{
    LogLayer,
    operation::NewOperation,
    testing::{self, StageOutcome},
};
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing_subscriber::{Registry, prelude::*};

use crate::support::{Browser, Fixture, id};

async fn run(op_type: &str, input: Value) -> (Fixture, Browser, Value) {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    let operation = ann.start(op_type, input).await;
    (fixture, ann, operation)
}

fn operation<Op: serde::de::DeserializeOwned>(input: Value) -> Op {
    serde_json::from_value(input).unwrap()
}

#[tokio::test]
async fn a_quick_task_finishes() {
    let (_fixture, _, task) = run("demo.quick_task", json!({})).await;
    assert_eq!(
        (&task["state"], &task["result"]),
        (&json!("FINISHED_OK"), &json!("Done in no time."))
    );
}

#[tokio::test]
async fn a_failing_task_tells_its_owner_why() {
    let (_fixture, _, task) = run("demo.failing_task", json!({})).await;
    assert_eq!((&task["state"], &task["error"]), (&json!("FINISHED_ERROR"), &json!(MESSAGE)));
    assert_eq!(task["stages"][0]["state"], "done");
    assert_eq!(task["stages"][1]["state"], "failed");

    let (_fixture, _, task) =
        run("demo.failing_task", json!({ "message": "No <b>paper</b>" })).await;
    assert_eq!(task["error"], "No <b>paper</b>");
}

#[tokio::test]
async fn a_panicking_task_ends_nothing_else() {
    let (fixture, ann, task) = run("demo.panicking_task", json!({})).await;
    assert_eq!(task["state"], "FINISHED_ERROR");
    let error = task["error"].as_str().unwrap();
    assert!(error.contains(task["id"].as_str().unwrap()) && !error.contains("purpose"), "{error}");
    let row = fixture.demo.liveops().find(id(&task)).await.unwrap().unwrap();
    assert!(row.traceback.unwrap().contains("a panic on purpose"));

    assert_eq!(ann.start("demo.quick_task", json!({})).await["state"], "FINISHED_OK");
}

#[tokio::test]
async fn the_second_half_of_a_chain_gets_what_the_first_handed_over() {
    let (_fixture, ann, _) =
        run("demo.chain_start", json!({ "note": "mind the step", "pace_ms": 0 })).await;
    let list = ann.operation("/live/").await;
    let operations = list["operations"].as_array().unwrap();
    let ended: BTreeSet<_> = operations
        .iter()
        .map(|operation| {
            (operation["op_type"].as_str().unwrap(), operation["state"].as_str().unwrap())
        })
        .collect();
    let expected = [("demo.chain_end", "FINISHED_OK"), ("demo.chain_start", "FINISHED_OK")];
    assert_eq!(ended, BTreeSet::from(expected));
    let end = operations.iter().find(|operation| operation["op_type"] == "demo.chain_end");
    assert_eq!(end.unwrap()["result"], "Received: mind the step");
}

#[tokio::test]
async fn a_redirecting_task_leads_to_a_page_that_is_there() {
    let (fixture, ann, task) = run("demo.redirecting_task", json!({ "pace_ms": 0 })).await;
    let row = fixture.demo.liveops().find(id(&task)).await.unwrap().unwrap();
    let page = ann.get(&row.success_url.unwrap()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Thank you"));
}

#[tokio::test(start_paused = true)]
async fn a_demo_import_goes_through_its_stages_and_shows_what_it_finds() {
    let import: DemoImport = operation(json!({ "label": "Spring" }));
    let recording = testing::run(import).await;
    let expected = Imported { label: "Spring".to_owned(), items: 12 };
    assert!(recording.stages().iter().all(|(_, outcome)| *outcome == StageOutcome::Done));
    assert_eq!(recording.stages().len(), 5);
    assert_eq!(recording.appends("preview").len(), 12);
    assert_eq!(recording.expect_finished(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_a_demo_import_logs_is_in_its_log() {
    // With a single subscriber, the thread of another test, which has none, could report that no subscriber
    // listens.
    let _another = Dispatch::new(Registry::default());
    let shown = LogLayer::for_target("demo::operations").build();
    let _subscriber = Registry::default().with(shown).set_default();
    let recording = testing::run(operation::<DemoImport>(json!({}))).await;
    assert_eq!(recording.log()[..2], ["Connecting for Demo", "price list found products=12"]);
}

#[tokio::test(start_paused = true)]
async fn a_demo_import_stops_at_the_next_product() {
    let recording = testing::run(operation::<DemoImport>(json!({}))).cancel_after(6).await;
    recording.expect_cancelled();
    let outcomes: Vec<_> = recording.stages().into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [StageOutcome::Done, StageOutcome::Cancelled]);
}

#[tokio::test]
async fn a_flood_task_reports_as_often_as_it_was_asked_to() {
    for (ticks, lines) in [(0, 0), (1, 0), (0, 5), (10, 3), (3, 10), (2_500, 100)] {
        let task: FloodTask = operation(json!({ "ticks": ticks, "lines": lines }));
        let recording = testing::run(task).await;
        assert_eq!(recording.statuses().len(), ticks as usize);
        assert_eq!(recording.log().len(), lines as usize, "{ticks} ticks, {lines} lines");
        assert_eq!(recording.result.unwrap(), Flooded { ticks, lines });
    }
}

#[tokio::test]
async fn what_a_flood_said_last_is_what_stays() {
    let (_fixture, _, task) = run("demo.flood_task", json!({ "ticks": 25_000, "lines": 10 })).await;
    assert_eq!(task["status"], "Tick 25000", "{task}");
}

#[tokio::test(start_paused = true)]
async fn an_echo_task_sends_its_status_and_the_time_at_its_rate() {
    let before = tokio::time::Instant::now();
    let task: EchoTask = operation(json!({ "status": "ping", "hz": 20, "seconds": 3 }));
    let recording = testing::run(task).await;
    assert_eq!(before.elapsed().as_millis() / 100, 29, "the first of 60 is sent at once");
    assert_eq!(recording.result.as_ref().unwrap(), &Echoed { sent: 60 });
    let statuses = recording.statuses();
    assert_eq!(statuses.len(), 60);
    for status in statuses {
        let (time, text) = status.strip_prefix("t=").unwrap().split_once(' ').unwrap();
        assert!(time.parse::<u128>().unwrap() > 1_700_000_000_000_000_000, "{status}");
        assert_eq!(text, "ping");
    }
}

#[tokio::test]
async fn a_flaky_task_fails_as_often_as_it_was_told_to() {
    let task: FlakyTask = operation(json!({ "failures": 0 }));
    assert_eq!(testing::run(task).await.result.unwrap(), "Attempt 1 went well.");
    let task: FlakyTask = operation(json!({ "failures": 1 }));
    let first = testing::run(task).await;
    assert_eq!(first.traceback(), Some("attempt 1 failed, as its input requests"));
    assert!(
        first.expect_failed().starts_with("Something went wrong"),
        "it is nothing its owner did"
    );
    assert!(first.has_next_attempt());
    let again = testing::run(operation::<FlakyTask>(json!({ "failures": 1 }))).after(&first).await;
    assert_eq!(again.expect_finished(), "Attempt 2 went well.");
}

#[tokio::test]
async fn a_durable_task_does_each_stage_once_until_it_has_finished() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    for fail_at in 0..=3 {
        let task: DurableTask = operation(json!({ "seconds": 0, "fail_at": fail_at }));
        let mut task = NewOperation::new(&task, "ann").unwrap();
        task.backoff.first = Duration::from_millis(1);
        let row = fixture.demo.liveops().enqueue_new(task).await.unwrap();
        let url = fixture.demo.liveops().url(&row.row().op_type, row.operation_id());
        let task = ann.operation(&url).await;
        let once = json!({ "fetch": 1, "convert": 1, "publish": 1 });
        assert_eq!(task["result"], once, "{task}");
        let stages = task["stages"].as_array().unwrap();
        let reused = stages.iter().filter(|stage| stage["reused"] == true).count();
        assert_eq!(reused, usize::saturating_sub(fail_at, 1), "{task}");

        ann.post(&format!("{url}retry"), "").await;
        let task = ann.operation(&url).await;
        let twice = json!({ "fetch": 2, "convert": 2, "publish": 2 });
        assert_eq!(task["result"], twice, "it had finished: {task}");
    }
}

#[tokio::test]
async fn a_blocking_task_is_created_by_json_in_each_mode() {
    for mode in ["sleep", "loop"] {
        let (_fixture, _, task) =
            run("demo.blocking_task", json!({ "seconds": 0, "mode": mode })).await;
        assert_eq!((&task["state"], &task["result"]), (&json!("FINISHED_OK"), &json!(0)), "{task}");
    }
}

#[tokio::test]
async fn the_hook_of_a_task_adds_a_row_for_each_end() {
    for (fail, state) in [(false, "FINISHED_OK"), (true, "FINISHED_ERROR")] {
        let (fixture, _, task) = run("demo.hook_task", json!({ "seconds": 0, "fail": fail })).await;
        assert_eq!(task["state"], state, "{task}");
        let id: liveops::OperationId = task["id"].as_str().unwrap().parse().unwrap();
        let calls = fixture.demo.endings().of(id).await.unwrap();
        assert_eq!(calls, [(format!("{id}-1"), state.to_owned())]);
    }
}

#[tokio::test]
async fn an_empty_form_is_filled_in_with_defaults() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    for (op_type, form) in [
        ("demo.quick_task", ""),
        ("demo.failing_task", "message="),
        ("demo.chain_start", "note=&pace_ms=0"),
        ("demo.redirecting_task", "pace_ms=0"),
        ("demo.flood_task", "ticks=&lines="),
        ("demo.demo_import", "label=&pace_ms=0"),
        ("demo.flaky_task", "failures=0"),
        ("demo.durable_task", "seconds=0&fail_at="),
        ("demo.hook_task", "seconds=0"),
        ("demo.blocking_task", "seconds=0&mode=loop"),
    ] {
        let answer = ann.post(&format!("/live/{op_type}/"), form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{op_type}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_number_out_of_its_bounds_is_refused_with_them() {
    let fixture = Fixture::eager().await;
    let ann = fixture.signed_in("ann").await;
    for (op_type, form, message) in [
        (
            "flood_task",
            "ticks=100000001",
            "ticks: Expected a value from 0 to 100000000, found 100000001.",
        ),
        (
            "flood_task",
            "lines=1000001",
            "lines: Expected a value from 0 to 1000000, found 1000001.",
        ),
        ("echo_task", "hz=0", "hz: Expected a value from 1 to 1000, found 0."),
        ("echo_task", "seconds=3601", "seconds: Expected a value from 1 to 3600, found 3601."),
        ("demo_import", "pace_ms=5001", "pace_ms: Expected a value from 0 to 5000, found 5001."),
        (
            "score_import",
            "file=a&pace_ms=10001",
            "pace_ms: Expected a value from 0 to 10000, found 10001.",
        ),
        ("flaky_task", "failures=1001", "failures: Expected a value from 0 to 1000, found 1001."),
        ("durable_task", "seconds=601", "seconds: Expected a value from 0 to 600, found 601."),
        ("durable_task", "fail_at=4", "fail_at: Expected a value from 0 to 3, found 4."),
        ("flood_task", "ticks=-1", "ticks: "),
        ("flood_task", "ticks=many", "ticks: "),
    ] {
        let request = Request::post(format!("/live/demo.{op_type}/"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        let answer = ann.send(request, Body::from(form)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let error = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(error.starts_with(message), "expected {message:?}, found {error:?}");
    }
}

#[test]
fn a_text_of_more_than_a_line_is_refused() {
    let text = serde_json::from_value::<ShortText>(json!("one\ntwo"));
    assert_eq!(
        text.unwrap_err().to_string(),
        "expected at most 200 characters on one line, found a control character"
    );
}
