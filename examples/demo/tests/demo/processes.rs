//! Tests of a deployed demo: processes that serve and processes that work, over one database.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::{sleep, timeout},
};

/// Timeout for the other process: far longer than the slowest machine needs.
const TIMEOUT: Duration = Duration::from_secs(60);

const ENDED: &str = "liveops_operations_ended_total";
const RENEWALS: &str = "liveops_lease_renewal_duration_seconds_count";

/// One process of the demo; killed with the test.
struct Process {
    child: Child,
    address: String,
    /// The output must be read, otherwise the process would block.
    _log: tokio::task::JoinHandle<()>,
}

impl Process {
    /// Starts the program on a free port, and waits until it prints its address.
    async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let database = format!("sqlite://{}", folder.join("demo.sqlite3").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(arguments)
            .args(["--bind", "127.0.0.1:0", "--database-url", &database])
            .env("SECRET_KEY", "a secret that has thirty-two bytes")
            .env("LIVEOPS_LEASE_SECONDS", "1")
            .env_remove("RUST_LOG")
            .current_dir(folder)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = timeout(TIMEOUT, address(&mut log)).await.expect("it says where it listens");
        let read_on = async move { while let Ok(Some(_)) = log.next_line().await {} };
        Self { child, address, _log: tokio::spawn(read_on) }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Returns every series with its value.
    async fn scrape(&self) -> BTreeMap<String, f64> {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, StatusCode::OK);
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        });
        series.collect()
    }
}

async fn address(log: &mut Lines<BufReader<ChildStderr>>) -> String {
    let mut said = Vec::new();
    while let Some(line) = log.next_line().await.unwrap() {
        if let Some((_, address)) = line.split_once("http://") {
            return format!("http://{}", address.trim());
        }
        said.push(line);
    }
    panic!("it ended: {said:#?}");
}

/// A signed-in user.
struct User<'a> {
    client: Client,
    web: &'a Process,
}

impl<'a> User<'a> {
    async fn sign_in(web: &'a Process) -> Self {
        let client = Client::builder().cookie_store(true).build().unwrap();
        let login = client.post(web.url("/login")).form(&[("user", "ann")]);
        assert!(login.send().await.unwrap().status().is_success());
        Self { client, web }
    }

    /// Starts an operation and returns its URL.
    async fn start(&self, op_type: &str, input: Value) -> String {
        let request = self.client.post(self.web.url(&format!("/live/{op_type}/"))).json(&input);
        let answer = request.header("accept", "application/json").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let operation: Value = answer.json().await.unwrap();
        operation["url"].as_str().unwrap().to_owned()
    }

    async fn state(&self, url: &str) -> String {
        let request = self.client.get(self.web.url(url)).header("accept", "application/json");
        let operation: Value = request.send().await.unwrap().json().await.unwrap();
        operation["state"].as_str().unwrap().to_owned()
    }

    async fn cancel(&self, url: &str) {
        let request = self.client.post(self.web.url(&format!("{url}cancel")));
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// Waits until an operation is in one of these states.
    async fn reaches(&self, url: &str, states: &[&str]) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let state = self.state(url).await;
            if states.contains(&state.as_str()) {
                return state;
            }
            assert!(Instant::now() < deadline, "{url} stays {state}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

const ENDS: &[&str] = &["FINISHED_OK", "FINISHED_ERROR", "CANCELLED"];

fn sum(scrapes: &[BTreeMap<String, f64>], series: &str) -> f64 {
    scrapes.iter().filter_map(|scrape| scrape.get(series)).sum()
}

/// Returns the sum of all series of this name.
fn total(scrapes: &[BTreeMap<String, f64>], name: &str) -> f64 {
    let series = scrapes.iter().flatten();
    series.filter(|(series, _)| series.split('{').next() == Some(name)).map(|(_, n)| n).sum()
}

/// Scrapes the processes until all series of this name have this sum: an ending is committed a moment before the
/// process counts it.
async fn scrapes(processes: &[&Process], name: &str, sum: f64) -> Vec<BTreeMap<String, f64>> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let mut scrapes = Vec::new();
        for process in processes {
            scrapes.push(process.scrape().await);
        }
        if total(&scrapes, name) >= sum {
            return scrapes;
        }
        assert!(Instant::now() < deadline, "{scrapes:#?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_processes_count_adds_up_to_what_happened() {
    let folder = TempDir::new().unwrap();
    let web = Process::start(folder.path(), &["serve", "--no-worker"]).await;
    let worker = Process::start(folder.path(), &["worker"]).await;
    let ann = User::sign_in(&web).await;
    let mut urls = Vec::new();
    for (op_type, input) in [
        ("demo.quick_task", json!({})),
        ("demo.quick_task", json!({})),
        ("demo.quick_task", json!({})),
        ("demo.failing_task", json!({})),
        ("demo.panicking_task", json!({})),
        ("demo.flaky_task", json!({ "failures": 1 })),
        ("demo.chain_start", json!({ "pace_ms": 0 })),
    ] {
        urls.push(ann.start(op_type, input).await);
    }
    let endless = ann.start("demo.endless_task", json!({})).await;
    ann.reaches(&endless, &["STARTED"]).await;
    ann.cancel(&endless).await;
    urls.push(endless);
    let mut ends: BTreeMap<String, f64> = BTreeMap::new();
    for url in &urls {
        let outcome = match ann.reaches(url, ENDS).await.as_str() {
            "FINISHED_OK" => "finished",
            "FINISHED_ERROR" => "failed",
            _ => "cancelled",
        };
        let op_type = url.split('/').nth(2).unwrap();
        let series = format!("{ENDED}{{op_type=\"{op_type}\",outcome=\"{outcome}\"}}");
        *ends.entry(series).or_default() += 1.0;
    }
    // The second half of the chain, which only the first half has started.
    ends.insert(format!("{ENDED}{{op_type=\"demo.chain_end\",outcome=\"finished\"}}"), 1.0);
    let count = urls.len() as f64 + 1.0;

    let scrapes = scrapes(&[&web, &worker], ENDED, count).await;
    let counted = scrapes.iter().flatten().filter(|(series, _)| series.starts_with(ENDED));
    let counted: BTreeMap<String, f64> =
        counted.map(|(series, value)| (series.clone(), *value)).collect();
    assert_eq!(counted, ends);
    assert_eq!(total(&scrapes, "liveops_operations_enqueued_total"), count);
    let retried = "liveops_next_attempts_total{op_type=\"demo.flaky_task\"}";
    assert_eq!(sum(&scrapes, retried), 1.0);
    assert_eq!(total(&scrapes, "liveops_attempt_duration_seconds_count"), count + 1.0);
    // Only one of the processes runs operations, and its buckets can be added up by a scraper.
    assert_eq!(scrapes[0].get("liveops_worker_slots"), None);
    assert_eq!(scrapes[1].get("liveops_worker_slots"), Some(&64.0));
    let all = "liveops_attempt_wait_seconds_bucket{op_type=\"demo.quick_task\",le=\"+Inf\"}";
    assert_eq!(sum(&scrapes, all), 3.0);
}

#[tokio::test]
async fn what_a_killed_worker_was_running_is_counted_by_whoever_rescues_it() {
    let folder = TempDir::new().unwrap();
    let web = Process::start(folder.path(), &["serve", "--no-worker"]).await;
    let mut killed = Process::start(folder.path(), &["worker"]).await;
    let ann = User::sign_in(&web).await;
    let endless = ann.start("demo.endless_task", json!({})).await;
    ann.reaches(&endless, &["STARTED"]).await;
    scrapes(&[&killed], RENEWALS, 2.0).await;
    killed.child.kill().await.unwrap();
    let rescuer = Process::start(folder.path(), &["worker"]).await;
    assert_eq!(ann.reaches(&endless, ENDS).await, "FINISHED_ERROR");

    let scrapes = scrapes(&[&web, &rescuer], ENDED, 1.0).await;
    let labels = "op_type=\"demo.endless_task\",outcome";
    assert_eq!(sum(&scrapes, &format!("{ENDED}{{{labels}=\"failed\"}}")), 1.0);
    assert_eq!(sum(&scrapes, &format!("liveops_rescues_total{{{labels}=\"given_up\"}}")), 1.0);
    assert_eq!(total(&scrapes, ENDED), 1.0);
}

#[tokio::test]
async fn a_worker_answers_probes_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let worker = Process::start(folder.path(), &["worker"]).await;
    assert_eq!(worker.get("/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
    let (status, report) = worker.get("/readyz").await;
    assert_eq!(status, StatusCode::OK, "{report}");
    let (status, text) = worker.get("/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        text.contains("# TYPE liveops_worker_slots gauge\nliveops_worker_slots 64\n"),
        "{text}"
    );
    assert!(text.contains("# HELP liveops_worker_slots Operations that"), "{text}");
    for path in ["/", "/live/", "/login"] {
        assert_eq!(worker.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}
