//! The cost of lists, searches, claims, heartbeats and prunes in a table with many operations.
//!
//! `cargo bench -p liveops --bench large_tables -- [--database-url URL] [--ended 1000000] [--waiting 400000]`.
//! The database must be empty. Without a URL the benchmark uses a temporary SQLite file.

mod database;
#[path = "../src/store/tests/large_table.rs"]
mod large_table;

use std::{
    convert::Infallible,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::FromRequestParts,
    http::{Request, request::Parts},
};
use clap::Parser;
use database::BenchDatabase;
use large_table::LargeTable;
use liveops::{
    Config, LiveOperation, LiveOps, Progress, Run, RunResult, RunnerKind, Viewer, store, web,
};
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tower_service::Service;

#[derive(Debug, Parser)]
struct Args {
    /// Database, which must be empty
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Number of operations that have ended
    #[arg(long, default_value_t = 1_000_000)]
    ended: u32,
    /// Number of operations that wait, all in front of those that the benchmark runs
    #[arg(long, default_value_t = 400_000)]
    waiting: u32,
    /// Number of requests for each list
    #[arg(long, default_value_t = 30)]
    requests: usize,
    /// Number of operations that the worker claims, one after the other
    #[arg(long, default_value_t = 300)]
    claims: usize,
    /// Number of operations that run while their leases are renewed
    #[arg(long, default_value_t = 1_000)]
    runs: usize,
    /// Number of renewals of their leases
    #[arg(long, default_value_t = 30)]
    renewals: usize,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// Reports when it begins.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", state = mpsc::UnboundedSender<Instant>)]
struct Claimed {}

impl Run for Claimed {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().send(Instant::now())?;
        Ok(())
    }
}

/// Runs until its cancellation, and reports when it begins.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "bench", state = mpsc::UnboundedSender<Instant>)]
struct Held {}

impl Run for Held {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().send(Instant::now())?;
        p.cancelled().await;
        Ok(())
    }
}

/// Receives the durations of the renewals of leases.
struct Renewals(mpsc::UnboundedSender<Duration>);

impl metrics::Recorder for Renewals {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match key.name() {
            "liveops_lease_renewal_duration_seconds" => {
                Histogram::from_arc(Arc::new(Self(self.0.clone())))
            }
            _ => Histogram::noop(),
        }
    }
}

impl HistogramFn for Renewals {
    fn record(&self, seconds: f64) {
        // The benchmark may have ended already.
        let _ = self.0.send(Duration::from_secs_f64(seconds));
    }
}

/// The user of a request: `staff`, or an owner.
struct User(String);

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user = parts.headers.get("x-user").and_then(|user| user.to_str().ok());
        Ok(Self(user.unwrap_or("staff").to_owned()))
    }
}

impl From<User> for Viewer {
    fn from(User(user): User) -> Self {
        let is_staff = user == "staff";
        Self::new(user).with_staff(is_staff)
    }
}

/// Lists, as their viewer and their query.
const LISTS: [(&str, &str); 16] = [
    ("staff", ""),
    ("staff", "previous=end"),
    ("staff", "state=NOT_STARTED"),
    ("staff", "state=STARTED"),
    ("staff", "state=FINISHED_OK"),
    ("staff", "state=FINISHED_ERROR"),
    ("staff", "state=CANCELLED"),
    ("staff", "op_type=test.type_3"),
    ("staff", "op_type=test.none"),
    ("staff", "owner=user_7"),
    ("staff", "owner=user_7&state=FINISHED_ERROR"),
    ("staff", "sort=last_finished"),
    ("staff", "sort=last_finished&op_type=test.none"),
    ("staff", "sort=longest_running"),
    ("staff", "q=no+such+text"),
    ("user_7", ""),
];

/// Values of the filters, which are requested in all combinations.
const STATES: [&str; 6] =
    ["", "NOT_STARTED", "STARTED", "FINISHED_OK", "FINISHED_ERROR", "CANCELLED"];
const TYPES: [&str; 4] = ["", "test.type_3", "test.gone", "test.none"];
const SORTS: [&str; 4] = ["newest", "oldest", "last_finished", "longest_running"];
const AGES: [&str; 3] = ["", "1h", "over_1d"];
const USERS: [(&str, &str); 3] = [("staff", ""), ("staff", "user_7"), ("user_7", "")];

/// The median and the 99th percentile.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[(times.len() * 99 / 100).min(times.len() - 1)])
}

async fn request(router: &mut Router, user: &str, query: &str) -> Result<Duration, Box<dyn Error>> {
    let request = Request::get(format!("/live/?{query}")).header("x-user", user);
    let begun = Instant::now();
    let response = router.call(request.body(Body::empty())?).await?;
    let status = response.status();
    to_bytes(response.into_body(), usize::MAX).await?;
    if !status.is_success() {
        return Err(format!("expected a list, found {status}").into());
    }
    Ok(begun.elapsed())
}

async fn list(
    router: &mut Router,
    user: &str,
    query: &str,
    count: usize,
) -> Result<(Duration, Duration), Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..count {
        times.push(request(router, user, query).await?);
    }
    Ok(percentiles(times))
}

/// Gives 50 operations of `owner` a log and an input of these lengths.
async fn enlarge(
    db: &DatabaseConnection,
    owner: &str,
    log: usize,
    input: usize,
) -> Result<(), Box<dyn Error>> {
    let line =
        format!(r#"[{{"at":"2026-01-01T00:00:00Z","level":"info","text":"{}"}}]"#, "l".repeat(log));
    let input = format!(r#"{{"text":"{}"}}"#, "i".repeat(input));
    let newest = format!(
        "SELECT id FROM liveops_operation WHERE owner = '{owner}' ORDER BY id DESC LIMIT 50"
    );
    let update = format!(
        "UPDATE liveops_operation SET log = '{line}', input = '{input}' WHERE id IN ({newest})"
    );
    db.execute_unprepared(&update).await?;
    Ok(())
}

/// Requests every combination of the filters, and prints the slowest ones.
async fn combinations(router: &mut Router, count: usize) -> Result<(), Box<dyn Error>> {
    let mut lists = Vec::new();
    for (user, owner) in USERS {
        for state in STATES {
            for op_type in TYPES {
                for sort in SORTS {
                    for age in AGES {
                        let query = format!(
                            "owner={owner}&state={state}&op_type={op_type}&sort={sort}&age={age}"
                        );
                        let (median, p99) = list(router, user, &query, count).await?;
                        lists.push((p99, median, user, query));
                    }
                }
            }
        }
    }
    lists.sort_unstable_by(|one, other| other.cmp(one));
    println!("the slowest of {} combinations of filters:", lists.len());
    for (p99, median, user, query) in lists.iter().take(20) {
        println!("{user:>8} {query:<80} p50 {median:>8.1?}  p99 {p99:>8.1?}");
    }
    Ok(())
}

/// Runs operations in another process, and prints the durations of the renewals of their leases.
async fn renew(url: &str, args: &Args) -> Result<(), Box<dyn Error>> {
    let (renewed, mut renewals) = mpsc::unbounded_channel();
    metrics::set_global_recorder(Renewals(renewed)).map_err(|error| error.to_string())?;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let config = Config::default()
        .with_concurrency_max(args.runs)
        .with_running_per_owner_max(args.runs)
        .with_lease(Duration::from_secs(3));
    let liveops = LiveOps::builder(store::connect(url).await?)
        .state(begun)
        .register::<Held>()
        .config(config)
        .runner(RunnerKind::Spawn)
        .build()?;
    let mut ids = Vec::new();
    for _ in 0..args.runs {
        ids.push(liveops.enqueue(Held {}, "ann").await?);
    }
    for _ in 0..args.runs {
        begins.recv().await.ok_or("the worker is gone")?;
    }
    while renewals.try_recv().is_ok() {}
    let mut times = Vec::new();
    for _ in 0..args.renewals {
        times.push(renewals.recv().await.ok_or("the worker is gone")?);
    }
    let (median, p99) = percentiles(times);
    println!("heartbeat of {} runs: p50 {median:.1?}, p99 {p99:.1?}", args.runs);
    for id in ids {
        liveops.cancel(id).await?;
    }
    liveops.shutdown(Duration::from_secs(10)).await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let database = BenchDatabase::at(args.database_url.as_deref())?;
    let db = store::connect(&database.url).await?;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let config = Config::default().with_concurrency_max(1);
    let liveops = LiveOps::builder(db.clone())
        .state(begun)
        .register::<Claimed>()
        .config(config)
        .runner(RunnerKind::Spawn)
        .build()?;
    liveops.migrate().await?;
    let is_postgres = db.get_database_backend() == DbBackend::Postgres;
    let table = LargeTable {
        ended: args.ended,
        running: 20,
        waiting: args.waiting,
        scheduled: args.waiting / 8,
        of_another_type: args.waiting / 8,
        has_contents: false,
    };
    let filled = Instant::now();
    db.execute_unprepared(&table.insertion(is_postgres)).await?;
    if is_postgres {
        db.execute_unprepared("VACUUM ANALYZE liveops_operation").await?;
    }
    println!("filled in {:.1?}", filled.elapsed());

    let mut router = Router::new().merge(web::router::<User, ()>(&liveops));
    for (user, query) in LISTS {
        let (median, p99) = list(&mut router, user, query, args.requests).await?;
        println!("{user:>8} {query:<40} p50 {median:>8.1?}  p99 {p99:>8.1?}");
    }
    combinations(&mut router, (args.requests / 3).max(1)).await?;
    for (user, what, log, input) in
        [("user_2", "full logs", 1 << 20, 0), ("user_3", "inputs of 8 MiB", 0, 8 << 20)]
    {
        let (small, _) = list(&mut router, user, "", 10 * args.requests).await?;
        enlarge(&db, user, log, input).await?;
        let (large, _) = list(&mut router, user, "", 10 * args.requests).await?;
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        println!("a list of 50 rows with {what}: {large:.1?}, {ratio:.2} of {small:.1?} without");
    }

    let mut times = Vec::new();
    for _ in 0..args.claims {
        liveops.enqueue(Claimed {}, "ann").await?;
        let enqueued = Instant::now();
        let begun = begins.recv().await.ok_or("the worker is gone")?;
        times.push(begun.saturating_duration_since(enqueued));
    }
    let (median, p99) = percentiles(times);
    println!(
        "from the commit of an enqueue to the begin of the run: p50 {median:.1?}, p99 {p99:.1?}"
    );

    renew(&database.url, &args).await?;

    let pruning = Instant::now();
    let pruned = liveops.prune(Duration::ZERO).await?;
    let rate = pruned as f64 / pruning.elapsed().as_secs_f64();
    println!("pruned {pruned} operations at {rate:.0}/s");
    liveops.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
