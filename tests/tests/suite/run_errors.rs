//! Whatever a run ends with, its operation ends once, and staff can read why.

use std::{error::Error, fmt, panic, time::Duration};

use liveops::{
    LiveOperation, OperationState, Progress, Run, RunError, RunResult, operation::NewOperation,
    runner::Builder, store::Model,
};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Greeting, TestApp},
    database::{TestDatabase, on_every_database},
};

/// Fails in the way it is told to.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Failing {
    how: How,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum How {
    Chain,
    Panic,
    PanicInThread,
    PanicInTask,
    PanicWithBomb,
    PanicWhenDropped,
    PanicWhenStopped,
    ErrorThatPanics,
    ErrorThatPanicsWhenDropped,
    LargeOutput,
    OutputWithNul,
    TextsWithNul,
    ChainWithNul,
    LongTexts,
}

/// An output that is a few bytes too large, quotes included.
const OUTPUT_BYTES: usize = (1 << 20) + 2;

/// More long lines than are kept.
const LINES: usize = 500;

impl Run for Failing {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        match self.how {
            How::Chain => {
                let full = std::io::Error::other("the disk is full");
                Err(RunError::user_because("The file could not be saved.", Repeating(full)))
            }
            How::Panic => panic!("row 7 is bad"),
            How::PanicInThread => {
                Ok(tokio::task::spawn_blocking(|| -> String { panic!("in a thread") }).await?)
            }
            How::PanicInTask => {
                Ok(tokio::spawn(async { panic!("in a task") }).await.map(|(): ()| String::new())?)
            }
            How::PanicWithBomb => panic::panic_any(Bomb),
            How::PanicWhenDropped => {
                let _bomb = Bomb;
                Ok(String::new())
            }
            How::PanicWhenStopped => {
                let _bomb = Bomb;
                std::future::pending().await
            }
            How::ErrorThatPanics => Err(Mute.into()),
            How::ErrorThatPanicsWhenDropped => Err(Armed(Bomb).into()),
            How::LargeOutput => Ok("x".repeat(OUTPUT_BYTES - 2)),
            How::OutputWithNul => Ok("a\0b".to_owned()),
            How::LongTexts => {
                p.status("ż".repeat(1_000));
                for _ in 0..LINES {
                    p.log("ż".repeat(5_000));
                }
                Err(RunError::user("x".repeat(9_000)))
            }
            How::ChainWithNul => {
                p.web().unwrap().redirect("/a\0b");
                p.chain_to(Greeting { name: "a\0b".to_owned() });
                Ok(String::new())
            }
            How::TextsWithNul => {
                p.status("a\0b");
                p.log("a\0b");
                Err(RunError::user_because("a\0b", "c\0d"))
            }
        }
    }
}

/// Panics when it is dropped, and again, with another one.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic::panic_any(Self);
        }
    }
}

/// Says what its source says, too.
#[derive(Debug)]
struct Repeating(std::io::Error);

impl fmt::Display for Repeating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to save: {}", self.0)
    }
}

impl Error for Repeating {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Cannot be told.
#[derive(Debug)]
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("an error that cannot be told")
    }
}

impl Error for Mute {}

#[derive(Debug)]
struct Armed(Bomb);

impl fmt::Display for Armed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("armed")
    }
}

impl Error for Armed {}

/// The row of an operation that fails like this, once it has.
async fn failed(db: &TestDatabase, how: How) -> Model {
    failed_in(&TestApp::on(&db.url(), Builder::register::<Failing>).await, how).await
}

async fn failed_in(app: &TestApp, how: How) -> Model {
    let id = app.liveops.enqueue(Failing { how }, "ann").await.unwrap();
    app.ends(id).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedError, "{how:?}");
    row
}

async fn traceback(db: &TestDatabase, how: How) -> String {
    failed(db, how).await.traceback.unwrap_or_else(|| panic!("{how:?} has no traceback"))
}

on_every_database! {
    async fn the_traceback_tells_the_chain_of_errors_and_nothing_twice(db: TestDatabase) {
        let row = failed(&db, How::Chain).await;
        assert_eq!(row.error_message.as_deref(), Some("The file could not be saved."));
        assert_eq!(
            row.traceback.as_deref(),
            Some("The file could not be saved.\ncaused by: failed to save: the disk is full")
        );
    }

    async fn the_traceback_of_a_panic_says_what_and_where(db: TestDatabase) {
        let traceback = traceback(&db, How::Panic).await;
        let mut lines = traceback.lines();
        let place = lines.next().unwrap();
        let numbers = place.strip_prefix("panicked at tests/tests/suite/run_errors.rs:");
        let numbers: Vec<&str> = numbers.expect(place).trim_end_matches(':').split(':').collect();
        assert!(matches!(numbers[..], [line, column] if
            line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok()), "{place}");
        assert_eq!(lines.next(), Some("row 7 is bad"));
    }

    async fn what_is_known_of_a_panic_elsewhere_is_told(db: TestDatabase) {
        let in_thread = traceback(&db, How::PanicInThread).await;
        assert!(in_thread.contains("panicked with message \"in a thread\""), "{in_thread}");
        let in_task = traceback(&db, How::PanicInTask).await;
        assert!(in_task.contains("panicked with message \"in a task\""), "{in_task}");
    }

    async fn an_operation_ends_whatever_panics_on_the_way(db: TestDatabase) {
        for how in [
            How::PanicWithBomb,
            How::PanicWhenDropped,
            How::ErrorThatPanics,
            How::ErrorThatPanicsWhenDropped,
        ] {
            let traceback = traceback(&db, how).await;
            assert!(traceback.starts_with("panicked at tests/"), "{how:?}: {traceback}");
        }
    }

    async fn an_output_that_is_too_large_is_an_error_that_says_so(db: TestDatabase) {
        let row = failed(&db, How::LargeOutput).await;
        let message = row.error_message.unwrap();
        assert!(message.starts_with("The result is too large to be stored."), "{message}");
        let expected = "caused by: expected an output of at most 1048576 bytes as JSON, found 1048578";
        assert_eq!(row.traceback.unwrap().lines().last(), Some(expected));
        assert_eq!(row.result_context, None);
    }

    async fn what_postgresql_cannot_keep_does_not_keep_a_run_from_ending(db: TestDatabase) {
        let app = TestApp::on(&db.url(), Builder::register::<Failing>).await;
        let row = failed_in(&app, How::TextsWithNul).await;
        let clean = "a\u{fffd}b";
        assert_eq!(row.status_text, clean);
        assert_eq!(app.log(row.operation_id()).await, [clean]);
        assert_eq!(row.state(), OperationState::FinishedError);
        assert_eq!(row.error_message.as_deref(), Some(clean));
        assert_eq!(row.traceback.unwrap(), "a\u{fffd}b\ncaused by: c\u{fffd}d");
        for how in [How::OutputWithNul, How::ChainWithNul] {
            let traceback = traceback(&db, how).await;
            assert!(traceback.contains("without NUL characters"), "{how:?}: {traceback}");
        }
    }

    async fn what_is_too_long_is_cut_with_a_notice_and_the_row_stays_small(db: TestDatabase) {
        let app = TestApp::on(&db.url(), Builder::register::<Failing>).await;
        let row = failed_in(&app, How::LongTexts).await;
        assert!(row.status_text.ends_with("ż… [cut: 1024 of 2000 bytes]"), "{}", row.status_text);
        assert!(row.error_message.as_ref().unwrap().ends_with("x… [cut: 8192 of 9000 bytes]"));
        let lines = app.log(row.operation_id()).await;
        for text in &lines {
            assert!(text.ends_with("ż… [cut: 8192 of 10000 bytes]"), "{text}");
        }
        assert_eq!(row.log_seq, LINES as i64);
        let bytes: usize = lines.iter().map(String::len).sum();
        assert!((1_000_000..1_100_000).contains(&bytes), "{} lines of {bytes} bytes", lines.len());
    }

    async fn a_run_that_panics_while_it_is_stopped_goes_back_to_the_queue(db: TestDatabase) {
        let app = TestApp::on(&db.url(), Builder::register::<Failing>).await;
        let failing = Failing { how: How::PanicWhenStopped };
        let mut new = NewOperation::new(&failing, "ann").unwrap();
        new.max_attempts = 2;
        let id = app.liveops.enqueue_new(new).await.unwrap().operation_id();
        app.reaches(id, OperationState::Started).await;
        app.liveops.shutdown(Duration::ZERO).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.traceback), (OperationState::NotStarted, None));
    }
}
