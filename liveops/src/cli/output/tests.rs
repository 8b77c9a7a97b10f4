//! Tests of the printers: the exact output for a sequence of events.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use chrono::DateTime;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    human::{Screen, Tone},
    *,
};
use crate::{
    event::{Ending, Event, Level, LogLine, StageState},
    operation::OperationKind,
    progress::{Report, Sink},
    projection::{Attempts, Projection},
    publish::{EventSender, Observer, RunEvent},
    render::{Subject, Templates},
};

const KIND: OperationKind =
    OperationKind::for_tests("test.import", "Import", &["Load", "Process", "Save"]);

/// A run whose changes reach the sink only at each call of `flush`.
struct ObservedRun {
    report: Arc<Report>,
    sink: Box<dyn Sink>,
    events: EventSender,
    received: Receiver<ObservedEvent>,
}

impl ObservedRun {
    fn attempt(number: u32) -> Self {
        let (events, received) = EventSender::new();
        let report = Arc::new(Report::with_event_log(Projection::new(KIND.stages.len())));
        let attempts = Attempts { number, max: 3, hand_backs: 0, starts_on: None };
        let sink = events.sink(subject(), attempts, report.clone());
        Self { report, sink, events, received }
    }

    async fn flush(&mut self) {
        let (projection, changes) = self.report.take();
        self.sink.show(&projection, changes).await;
    }

    fn log(&self, level: Level, text: impl Into<String>) {
        let at = DateTime::UNIX_EPOCH;
        self.report.event(Event::Log(LogLine { at, level, text: text.into() }));
    }

    fn end(&self, ending: Ending) {
        self.report.event(Event::Ended(ending));
    }

    /// Flushes once more, and returns everything that a printer writes.
    async fn written(mut self, printer: impl FnOnce(Buffer) -> Box<dyn Printer>) -> String {
        self.flush().await;
        drop((self.sink, self.events));
        let buffer = Buffer::default();
        write(printer(buffer.clone()), &self.received);
        String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
    }

    async fn text(self) -> String {
        let renderer = Renderer::new(Templates::new(), "/live");
        self.written(|buffer| {
            Box::new(HumanPrinter::new(Plain::new(buffer, renderer.language().clone()), renderer))
        })
        .await
    }

    async fn json(self) -> String {
        self.written(|buffer| Box::new(JsonPrinter::new(buffer))).await
    }
}

fn subject() -> Subject {
    Subject { kind: KIND, id: Uuid::nil().into() }
}

/// An output in memory; clones share the content.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn check(written: &str, expected: Expect) {
    expected.assert_eq(written);
}

/// Returns a run that went through all of its stages without a flush.
fn finished_without_flush() -> ObservedRun {
    let run = ObservedRun::attempt(1);
    run.report.event(Event::Started);
    run.report.stage(0, StageState::Active);
    run.log(Level::Info, "opened");
    run.report.status(Level::Info, "reading");
    run.log(Level::Warning, "line 7 is empty");
    run.report.stage(0, StageState::Done);
    run.report.stage(1, StageState::Active);
    run.report.stage(1, StageState::Reused);
    run.report.stage(2, StageState::Active);
    run.report.counter().set(3, Some(4));
    run.log(Level::Info, "almost");
    run.report.counter().set(4, Some(4));
    run.report.stage(2, StageState::Done);
    run.end(Ending::Finished(Arc::new(json!({ "rows": 4, "name": "spring" }))));
    run
}

#[tokio::test(start_paused = true)]
async fn a_late_flush_writes_everything_in_order() {
    check(
        &finished_without_flush().text().await,
        expect![[r#"
        Import (00000000-0000-0000-0000-000000000000)
        === [1/3] Load ===
        opened
        reading
        Warning: line 7 is empty
        === [2/3] Process ===
        Reused from an earlier attempt
        === [3/3] Save ===
        3 of 4 · 75 %
        almost
        4 of 4 · 100 %
        name=spring
        rows=4
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn events_are_lines_of_json() {
    let text = finished_without_flush().json().await;
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["op_type"], "test.import");
    }
    check(
        &text,
        expect![[r#"
        {"attempt":1,"event":"started","id":"00000000-0000-0000-0000-000000000000","max_attempts":3,"op_type":"test.import"}
        {"count":3,"event":"stage","id":"00000000-0000-0000-0000-000000000000","number":1,"op_type":"test.import","reused":false,"stage":"Load","state":"active"}
        {"at":"1970-01-01T00:00:00.000Z","event":"log","id":"00000000-0000-0000-0000-000000000000","level":"info","op_type":"test.import","text":"opened"}
        {"event":"status","id":"00000000-0000-0000-0000-000000000000","level":"info","op_type":"test.import","text":"reading"}
        {"at":"1970-01-01T00:00:00.000Z","event":"log","id":"00000000-0000-0000-0000-000000000000","level":"warning","op_type":"test.import","text":"line 7 is empty"}
        {"count":3,"event":"stage","id":"00000000-0000-0000-0000-000000000000","number":1,"op_type":"test.import","reused":false,"stage":"Load","state":"done"}
        {"count":3,"event":"stage","id":"00000000-0000-0000-0000-000000000000","number":2,"op_type":"test.import","reused":false,"stage":"Process","state":"active"}
        {"count":3,"event":"stage","id":"00000000-0000-0000-0000-000000000000","number":2,"op_type":"test.import","reused":true,"stage":"Process","state":"done"}
        {"count":3,"event":"stage","id":"00000000-0000-0000-0000-000000000000","number":3,"op_type":"test.import","reused":false,"stage":"Save","state":"active"}
        {"done":3,"eta_seconds":null,"event":"progress","id":"00000000-0000-0000-0000-000000000000","label":null,"op_type":"test.import","percent":75.0,"rate":null,"total":4,"unit":null}
        {"at":"1970-01-01T00:00:00.000Z","event":"log","id":"00000000-0000-0000-0000-000000000000","level":"info","op_type":"test.import","text":"almost"}
        {"done":4,"eta_seconds":null,"event":"progress","id":"00000000-0000-0000-0000-000000000000","label":null,"op_type":"test.import","percent":100.0,"rate":null,"total":4,"unit":null}
        {"count":3,"event":"stage","id":"00000000-0000-0000-0000-000000000000","number":3,"op_type":"test.import","reused":false,"stage":"Save","state":"done"}
        {"error":null,"event":"ended","id":"00000000-0000-0000-0000-000000000000","op_type":"test.import","result":{"name":"spring","rows":4},"state":"FINISHED_OK"}
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_an_event() {
    let run = ObservedRun::attempt(2);
    run.events.send(subject(), RunEvent::Chained(subject()));
    check(
        &run.json().await,
        expect![[r#"
        {"attempt":2,"event":"started","id":"00000000-0000-0000-0000-000000000000","max_attempts":3,"op_type":"test.import"}
        {"event":"chained","id":"00000000-0000-0000-0000-000000000000","next":{"id":"00000000-0000-0000-0000-000000000000","op_type":"test.import"},"op_type":"test.import"}
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_line_is_written_at_each_tenth_of_the_bar() {
    let mut run = ObservedRun::attempt(1);
    run.report.stage(0, StageState::Active);
    for done in 0..=100 {
        run.report.counter().set(done, Some(100));
        run.flush().await;
    }
    run.report.stage(1, StageState::Active);
    // A bar that passes several tenths between two flushes is one line.
    for done in [55, 58, 99, 100] {
        run.report.counter().percent(f64::from(done));
        run.flush().await;
    }
    check(
        &run.text().await,
        expect![[r#"
        Import (00000000-0000-0000-0000-000000000000)
        === [1/3] Load ===
        10 of 100 · 10 %
        20 of 100 · 20 %
        30 of 100 · 30 %
        40 of 100 · 40 %
        50 of 100 · 50 %
        60 of 100 · 60 %
        70 of 100 · 70 %
        80 of 100 · 80 %
        90 of 100 · 90 %
        100 of 100 · 100 %
        === [2/3] Process ===
        55 %
        99 %
        100 %
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_superseded_status_is_left_out() {
    let mut run = ObservedRun::attempt(1);
    for text in ["one", "one", "two"] {
        run.report.status(Level::Info, text);
        run.flush().await;
    }
    for n in 0..1_000 {
        run.report.status(Level::Error, &n.to_string());
    }
    check(
        &run.text().await,
        expect![[r#"
        Import (00000000-0000-0000-0000-000000000000)
        one
        Error: 999
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn no_line_of_a_flood_is_lost() {
    let run = ObservedRun::attempt(1);
    for n in 0..5_000 {
        run.log(Level::Info, format!("line {n}"));
    }
    let text = run.text().await;
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines, (0..5_000).map(|n| format!("line {n}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_failed_later_attempt_writes_its_number_and_error() {
    let run = ObservedRun::attempt(2);
    run.report.stage(0, StageState::Active);
    run.report.stage(0, StageState::Failed);
    run.end(Ending::Failed("The file is empty.".into()));
    check(
        &run.text().await,
        expect![[r#"
        Attempt 2 of 3
        === [1/3] Load ===
        This stage failed
        Failed: The file is empty.
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_writes_nothing_after_its_ending() {
    let run = ObservedRun::attempt(1);
    run.report.cancel();
    run.end(Ending::Cancelled);
    // A thread of the run that has not stopped yet.
    run.log(Level::Info, "still here");
    run.report.counter().inc(1);
    check(
        &run.text().await,
        expect![[r#"
        Import (00000000-0000-0000-0000-000000000000)
        Cancelling…
        Cancelled
    "#]],
    );
}

#[tokio::test(start_paused = true)]
async fn sequences_of_a_line_are_removed_and_control_characters_escaped() {
    let run = ObservedRun::attempt(1);
    run.log(Level::Info, "\u{1b}[2J10 %\r\u{1b}[32m100 %\u{7}\u{9b}1A\ttab");
    run.log(Level::Error, "two\n=== [2/3] Save ===");
    run.log(Level::Info, "\u{202e}right to left");
    check(
        &run.text().await,
        expect![[r#"
        Import (00000000-0000-0000-0000-000000000000)
        100 %\u{7}	tab
        Error: two
            === [2/3] Save ===
        \u{202e}right to left
    "#]],
    );
}

/// A text that changes the title of a terminal, clears the terminal, and reorders the text after it.
const HOSTILE: &str = "\u{1b}]0;PWNED\u{7}\u{1b}[2J\u{9b}2J\u{9d}0;x\u{9c}\u{202e}\u{7f}\u{85}\u{1b}]0;x\r\u{0}\u{61c}";

/// Returns a run with this text in everything that contains a text.
async fn hostile_run() -> ObservedRun {
    let mut run = ObservedRun::attempt(1);
    run.report.stage(0, StageState::Active);
    run.report.count(1, Some(2));
    run.report.bar_label(HOSTILE.into());
    run.report.bar_unit(HOSTILE.into());
    run.report.touch();
    for level in [Level::Info, Level::Warning, Level::Error] {
        run.report.status(level, HOSTILE);
        run.log(level, HOSTILE);
    }
    run.flush().await;
    run.report.stage(1, StageState::Active);
    run.report.count(1, None);
    run.report.bar_label(HOSTILE.into());
    run.report.touch();
    run.flush().await;
    run
}

fn is_unsafe(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n')) || "\u{61c}\u{202e}".contains(c)
}

#[tokio::test(start_paused = true)]
async fn no_text_of_a_run_controls_a_terminal() {
    for ending in [
        Ending::Failed(HOSTILE.into()),
        Ending::Finished(Arc::new(json!({ HOSTILE: [HOSTILE] }))),
        Ending::Finished(Arc::new(json!(HOSTILE))),
    ] {
        let run = hostile_run().await;
        run.end(ending.clone());
        let text = run.text().await;
        assert!(!text.contains(is_unsafe), "{text:?}");
        assert!(text.contains("1 of 2"), "{text:?}");
        assert!(!text.contains("PWNED") || !matches!(ending, Ending::Failed(_)), "{text:?}");

        let run = hostile_run().await;
        run.end(ending);
        let json = run.json().await;
        assert!(!json.contains(is_unsafe), "{json:?}");
        for line in json.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn json_has_the_exact_text_of_a_log_line() {
    let run = ObservedRun::attempt(1);
    run.log(Level::Info, HOSTILE.replace('\0', ""));
    let json = run.json().await;
    let line: Value = serde_json::from_str(json.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["text"], HOSTILE.replace('\0', ""));
}

std::thread_local! {
    static SECONDS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Writes to a plain screen under a clock that `SECONDS` sets. Returns the lines.
fn plain_lines(work: impl FnOnce(&mut Plain<Buffer>)) -> Vec<String> {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    SECONDS.set(0);
    let buffer = Buffer::default();
    let now = || *START + Duration::from_secs(SECONDS.get());
    let language = Renderer::new(Templates::new(), "/live").language().clone();
    work(&mut Plain::with_clock(buffer.clone(), language, now));
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn count(done: u64, total: Option<u64>) -> crate::event::Bar {
    let measure = crate::event::Measure::Count { done, total };
    crate::event::Bar { measure, label: None, unit: Some("rows".into()), elapsed: Duration::ZERO }
}

#[test]
fn a_loop_of_statuses_is_a_line_every_five_seconds() {
    let lines = plain_lines(|screen| {
        for second in 0..=14 {
            SECONDS.set(second);
            for n in 0..20 {
                screen.status(Tone::Plain, &format!("{second} {n}"));
            }
        }
        screen.settle();
    });
    assert_eq!(lines, ["0 0", "5 0", "10 0", "14 19"]);
}

#[test]
fn a_status_is_written_although_nothing_follows() {
    let lines = plain_lines(|screen| {
        screen.status(Tone::Plain, "first");
        assert_eq!(screen.write_due(), None);
        SECONDS.set(1);
        screen.status(Tone::Plain, "second");
        assert_eq!(screen.write_due(), Some(Duration::from_secs(4)));
        SECONDS.set(5);
        assert_eq!(screen.write_due(), None);
    });
    assert_eq!(lines, ["first", "second"]);
}

#[test]
fn a_warning_is_not_superseded_by_a_status() {
    let lines = plain_lines(|screen| {
        for (tone, line) in [
            (Tone::Plain, "one"),
            (Tone::Plain, "two"),
            (Tone::Warning, "warning"),
            (Tone::Plain, "three"),
            (Tone::Plain, "four"),
        ] {
            screen.status(tone, line);
        }
        screen.settle();
        screen.settle();
    });
    assert_eq!(lines, ["one", "warning", "four"]);
}

#[test]
fn a_count_without_total_is_a_line_every_five_seconds_and_at_its_end() {
    let lines = plain_lines(|screen| {
        for second in 0..=12 {
            SECONDS.set(second);
            screen.bar(Some(&count(second, None)));
            screen.bar(Some(&count(second + 1, None)));
        }
        screen.bar(None);
        screen.bar(None);
    });
    assert_eq!(lines, ["5 rows", "10 rows", "13 rows"]);
}

#[test]
fn a_slow_bar_is_a_line_every_thirty_seconds() {
    let lines = plain_lines(|screen| {
        for second in 0..=70 {
            SECONDS.set(second);
            screen.bar(Some(&count(second, Some(10_000))));
        }
        screen.bar(None);
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn many_short_bars_are_a_line_every_five_seconds() {
    let lines = plain_lines(|screen| {
        for second in 0..=9 {
            SECONDS.set(second);
            for _ in 0..100 {
                (0..=10).for_each(|done| screen.bar(Some(&count(done, Some(10)))));
            }
        }
    });
    // The first twenty are written at once.
    assert_eq!(lines.len(), 21, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_pipe_does_not_end_the_output() {
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let renderer = Renderer::new(Templates::new(), "/live");
    let written =
        |printer: Box<dyn Printer>| async { finished_without_flush().written(|_| printer).await };
    assert_eq!(
        written(Box::new(HumanPrinter::new(
            Plain::new(Closed, renderer.language().clone()),
            renderer
        )))
        .await,
        ""
    );
    assert_eq!(written(Box::new(JsonPrinter::new(Closed))).await, "");
}
