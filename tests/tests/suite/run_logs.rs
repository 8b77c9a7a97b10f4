//! The log of an operation stays: written while the operation runs, over all attempts, in bounded size.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use futures_util::StreamExt;
use liveops::{
    Backoff, Config, LiveOperation, OperationId, OperationState, Progress, Run, RunError,
    RunResult, operation::NewOperation,
};
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{
    app::{Answer, Gate, TestApp, request},
    database::{TestDatabase, on_every_database},
    postgres::PostgresDatabase,
    rows,
    sql::value,
    until::until,
};

/// Logs its lines in each attempt. The first attempts fail; the last one waits at the gate, and logs once more.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, max_attempts = 9, describe = "{name}")]
struct Wordy {
    name: String,
    lines: u32,
    failures: u32,
}

impl Run for Wordy {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let attempt = p.attempt().0;
        for line in 0..self.lines {
            if line % 1_000 == 999 {
                tokio::task::yield_now().await;
            }
            p.log(format!("line {line} of attempt {attempt}"));
        }
        p.log_warn(format!("Row {attempt} is EMPTY"));
        if attempt <= self.failures {
            return Err(RunError::user("The file is locked"));
        }
        p.state().pass().await;
        p.log("the end");
        Ok(())
    }
}

const LEASE: Duration = Duration::from_secs(2);

async fn app_with(url: &str, config: Config) -> TestApp {
    let config = config.with_lease(LEASE).with_poll_interval(Duration::from_millis(20));
    TestApp::on(url, |builder| builder.register::<Wordy>().config(config)).await
}

async fn app_on(db: &TestDatabase) -> TestApp {
    app_with(&db.url(), Config::default()).await
}

async fn enqueue(app: &TestApp, lines: u32, failures: u32) -> OperationId {
    let wordy = Wordy { name: "Scores of November/żółw".into(), lines, failures };
    let mut new = NewOperation::new(&wordy, "ann").unwrap();
    new.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(1) };
    app.liveops.enqueue_new(new).await.unwrap().operation_id()
}

fn log_path(app: &TestApp, id: OperationId) -> String {
    format!("{}log", app.liveops.url(Wordy::OP_TYPE, id))
}

async fn get(app: &TestApp, path: &str) -> Answer {
    let answer = app.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer
}

/// The texts of a log, without the times and levels of its lines.
fn texts(log: &str) -> Vec<String> {
    let text = |line: &str| match line.starts_with('[') {
        true => line.to_owned(),
        false => line[33..].to_owned(),
    };
    log.lines().map(text).collect()
}

async fn stored(app: &TestApp) -> i64 {
    value(&app.db, "SELECT CAST(COALESCE(SUM(line_count), 0) AS BIGINT) FROM liveops_log").await
}

async fn row(app: &TestApp, id: OperationId) -> liveops::store::Model {
    app.liveops.find(id).await.unwrap().unwrap()
}

/// Waits until the lease of a run has been renewed so often.
async fn is_renewed(app: &TestApp, id: OperationId, times: usize) {
    for _ in 0..times {
        let before = row(app, id).await.lease_until;
        until("the lease is renewed", async || row(app, id).await.lease_until != before).await;
    }
}

on_every_database! {
    async fn the_lines_of_a_run_are_stored_while_it_runs(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = enqueue(&app, 3, 0).await;
        until("the heartbeat stores the lines", async || stored(&app).await == 4).await;
        assert_eq!(row(&app, id).await.state(), OperationState::Started);
        app.gate.open(1);
        app.ends(id).await;
        assert_eq!(stored(&app).await, 5);
        let log = get(&app, &log_path(&app, id)).await.body;
        let lines = ["line 0 of attempt 1", "line 1 of attempt 1", "line 2 of attempt 1", "Row 1 is EMPTY", "the end"];
        assert_eq!(texts(&log), lines);
        assert_eq!(app.log(id).await, lines);
    }

    async fn the_log_of_a_run_has_the_lines_that_are_not_stored_yet(db: TestDatabase) {
        let app = app_with(&db.url(), Config::default()).await;
        let id = enqueue(&app, 2_500, 0).await;
        app.reaches(id, OperationState::Started).await;
        until("it waits at the gate", async || app.log(id).await.last().is_some_and(|line| line.contains("EMPTY"))).await;
        let expected: Vec<_> = (0..2_500).map(|line| format!("line {line} of attempt 1")).collect();
        let log = get(&app, &log_path(&app, id)).await.body;
        assert_eq!(texts(&log)[..2_500], expected);
    }

    async fn every_attempt_keeps_its_log_also_after_a_retry(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = enqueue(&app, 1, 2).await;
        app.gate.open(1);
        app.ends(id).await;
        app.liveops.retry(id).await.unwrap();
        app.gate.open(1);
        app.until_row(id, |row| row.state().is_terminal()).await;
        assert_eq!(app.log(id).await, ["line 0 of attempt 4", "Row 4 is EMPTY", "the end"]);

        let path = log_path(&app, id);
        let log = texts(&get(&app, &path).await.body);
        let failed = "of 9 failed, next attempt in 0.001 s: The file is locked";
        assert_eq!(log, [
            "[Attempt 1]", "line 0 of attempt 1", "Row 1 is EMPTY", &format!("Attempt 1 {failed}"),
            "[Attempt 2]", "line 0 of attempt 2", "Row 2 is EMPTY", &format!("Attempt 2 {failed}"),
            "[Attempt 3]", "line 0 of attempt 3", "Row 3 is EMPTY", "the end",
            "[Attempt 4]", "line 0 of attempt 4", "Row 4 is EMPTY", "the end",
        ]);
        for (number, last) in [(1, &*format!("Attempt 1 {failed}")), (3, "the end"), (4, "the end")] {
            let log = texts(&get(&app, &format!("{path}?attempt={number}")).await.body);
            assert_eq!(log, [&*format!("line 0 of attempt {number}"), &format!("Row {number} is EMPTY"), last]);
            let past = format!("{}attempts/{number}", app.liveops.url(Wordy::OP_TYPE, id));
            let page = get(&app, &past).await.body;
            assert!(page.contains(&format!("line 0 of attempt {number}")), "{page}");
            assert!(page.contains(&format!("log?attempt={number}\"")), "{page}");
            let json: Value = app.ask("GET", &past).await.json();
            assert_eq!(json["log"].as_array().unwrap().len(), 3, "{json}");
            assert_eq!(json["log"][1]["level"], "warning");
        }
        for unknown in ["0", "5", "x"] {
            assert_eq!(app.get(&format!("{path}?attempt={unknown}")).await.status, StatusCode::NOT_FOUND);
        }
        let log = texts(&get(&app, &format!("{path}?level=warning&q=row+2")).await.body);
        assert_eq!(log, ["[Attempt 2]", "Row 2 is EMPTY"]);
        let log = texts(&get(&app, &format!("{path}?q=nothing+like+this")).await.body);
        assert_eq!(log, [""; 0]);
        let refused = app.get(&format!("{path}?level=loud")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    }

    async fn a_log_above_its_limits_says_how_many_lines_were_left_out(db: TestDatabase) {
        const LINES: u32 = 30_000;
        let config = Config::default().with_log_lines_max(10_000);
        let app = app_with(&db.url(), config).await;
        let id = enqueue(&app, LINES, 0).await;
        app.gate.open(1);
        app.ends(id).await;
        // After the end, which waits for nothing.
        until("the log is shortened", async || stored(&app).await <= 10_000).await;
        let log = texts(&get(&app, &log_path(&app, id)).await.body);
        let notices: Vec<u32> = log
            .iter()
            .filter_map(|line| line.strip_prefix('[')?.strip_suffix(" lines left out]"))
            .map(|number| number.replace(',', "").parse().unwrap())
            .collect();
        assert!(!notices.is_empty());
        assert_eq!(log.len() - notices.len() + notices.iter().sum::<u32>() as usize, LINES as usize + 2);
        assert!(log.len() <= 10_000 + notices.len(), "{} lines", log.len());
        let head: Vec<_> = (0..2_200).map(|line| format!("line {line} of attempt 1")).collect();
        assert_eq!(log[..2_200], head);
        assert_eq!(log[log.len() - 3..], [&*format!("line {} of attempt 1", LINES - 1), "Row 1 is EMPTY", "the end"]);
        let tail: Vec<_> = (LINES - 5_000..LINES).map(|line| format!("line {line} of attempt 1")).collect();
        assert_eq!(log[log.len() - 5_002..log.len() - 2], tail);
    }

    async fn a_table_that_refuses_lines_costs_no_lease_and_gets_them_later(db: TestDatabase) {
        let app = app_on(&db).await;
        let rename = async |from: &str, to: &str| {
            app.db.execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
        };
        rename("liveops_log", "gone").await;
        let id = enqueue(&app, 3, 0).await;
        app.reaches(id, OperationState::Started).await;
        is_renewed(&app, id, 6).await;
        assert_eq!(row(&app, id).await.rescues, 0);
        rename("gone", "liveops_log").await;
        until("the heartbeat stores the lines", async || stored(&app).await == 4).await;
        app.gate.open(1);
        app.ends(id).await;
        assert_eq!(texts(&get(&app, &log_path(&app, id)).await.body).len(), 5);
        assert_eq!((row(&app, id).await.attempt, stored(&app).await), (1, 5));
    }

    async fn a_long_log_is_not_read_before_its_client_reads(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = enqueue(&app, 30_000, 0).await;
        app.gate.open(1);
        app.ends(id).await;
        let answer = app.router.clone().oneshot(request("GET", &log_path(&app, id))).await.unwrap();
        let mut parts = Body::into_data_stream(answer.into_body());
        let first = parts.next().await.unwrap().unwrap();
        assert!(first.len() < 1 << 20, "{} bytes", first.len());
        app.db.execute_unprepared("ALTER TABLE liveops_log RENAME TO gone").await.unwrap();
        assert!(parts.next().await.unwrap().is_err(), "the rest was read before");
    }

    async fn a_download_has_a_name(db: TestDatabase) {
        let app = app_on(&db).await;
        let id = enqueue(&app, 1, 0).await;
        app.gate.open(1);
        app.ends(id).await;
        let path = log_path(&app, id);
        let shown = get(&app, &path).await;
        assert!(!shown.headers.contains_key("content-disposition"));
        let download = get(&app, &format!("{path}?download")).await;
        let name = "test.wordy-Scores-of-November-";
        assert_eq!(
            download.header("content-disposition"),
            format!("attachment; filename=\"{name}___w-{id}.txt\"; filename*=UTF-8''{name}%C5%BC%C3%B3%C5%82w-{id}.txt")
        );
        assert_eq!(download.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(download.header("cache-control"), shown.header("cache-control"));
        assert_eq!(download.body, shown.body);
    }

    async fn a_prune_deletes_the_logs(db: TestDatabase) {
        let app = app_on(&db).await;
        let (old, kept) = (enqueue(&app, 2_000, 0).await, enqueue(&app, 1, 0).await);
        app.gate.open(1);
        until("one has ended", async || stored(&app).await >= 2_002).await;
        app.gate.open(1);
        app.ends(old).await;
        app.ends(kept).await;
        let long_ago = chrono::Utc::now() - Duration::from_secs(3_600);
        let aged = rows::update(old).col_expr(rows::Column::FinishedOn, sea_orm::sea_query::Expr::value(long_ago));
        aged.exec(&app.db).await.unwrap();
        assert_eq!(app.liveops.prune(Duration::from_secs(1_800)).await.unwrap(), 1);
        // Operations that were enqueued later are not looked at.
        let left = stored(&app).await;
        assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 1);
        assert_eq!(stored(&app).await, 0, "{left} lines were left");
    }
}

#[tokio::test]
async fn a_locked_table_costs_no_lease() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let app = app_with(&database.url(), Config::default()).await;
    let watcher = Config::default().with_queues(["elsewhere"]);
    let watcher = app_with(&database.url(), watcher).await;
    watcher.liveops.start_worker();
    let id = enqueue(&app, 3, 0).await;
    app.reaches(id, OperationState::Started).await;
    let locking = watcher.db.begin().await.unwrap();
    locking.execute_unprepared("LOCK TABLE liveops_log IN ACCESS EXCLUSIVE MODE").await.unwrap();
    is_renewed(&app, id, 8).await;
    locking.commit().await.unwrap();
    until("the heartbeat stores the lines", async || stored(&app).await == 4).await;
    let row = row(&app, id).await;
    assert_eq!((row.state(), row.attempt, row.rescues), (OperationState::Started, 1, 0));
    app.gate.open(1);
    app.ends(id).await;
}
