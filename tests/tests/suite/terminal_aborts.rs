//! What becomes of an operation in a terminal that does not stop when it is asked to.
#![cfg(unix)]

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use clap::Parser;
use liveops::{
    Config, LiveOperation, LiveOps, OperationId, OperationState, Progress, Run, RunResult, cli,
    store::{self, ListFilter},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::{runtime::Runtime, time};

const DATABASE_URL: &str = "LIVEOPS_TEST_TERMINAL_DATABASE";
const OP_TYPE: &str = "LIVEOPS_TEST_TERMINAL_OP_TYPE";

/// Waits for what never comes, and does not look up.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Wait")]
#[liveop(app = "terminal")]
struct Stubborn {}

impl Run for Stubborn {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.stage(StubbornStage::Wait, async { std::future::pending().await }).await
    }
}

/// Does the same, and gives its thread to nobody.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Hold")]
#[liveop(app = "terminal")]
struct Holding {}

impl Run for Holding {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let hold = async {
            loop {
                thread::park();
            }
        };
        p.stage(HoldingStage::Hold, hold).await
    }
}

#[derive(Parser)]
struct Program {
    #[command(subcommand)]
    command: cli::Command,
}

/// Whoever runs its operations is gone soon after it does not say anything any more.
fn config() -> Config {
    let mut config = Config::default();
    config.lease = Duration::from_secs(1);
    config
}

async fn liveops(url: &str, config: Config) -> LiveOps {
    let db = store::connect(url).await.unwrap();
    let builder = LiveOps::builder(db).config(config);
    builder.register::<Stubborn>().register::<Holding>().build().unwrap()
}

/// Not a test but the program of the process that is stopped, which is this program once more.
#[test]
#[ignore = "the tests start it, as a process of its own"]
fn program() -> ExitCode {
    let (url, op_type) = (env::var(DATABASE_URL).unwrap(), env::var(OP_TYPE).unwrap());
    let program = Program::parse_from(["program", "run", &op_type]);
    let app = async |config| Ok(cli::App::new(&liveops(&url, config).await));
    Runtime::new().unwrap().block_on(program.command.run::<Program>(config(), app))
}

/// A process that runs an operation, and has come to this.
fn start(url: &str, op_type: &str, header: &str) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["terminal_aborts::program", "--exact", "--ignored", "--nocapture"])
        .env(DATABASE_URL, url)
        .env(OP_TYPE, op_type)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == header), "it ended before `{header}`");
    thread::spawn(move || lines.for_each(drop));
    child
}

/// An operation that runs in a terminal, and what another process knows of it.
struct Begun {
    child: Child,
    liveops: LiveOps,
    id: OperationId,
    _folder: TempDir,
}

impl Begun {
    async fn at(op_type: &str, header: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("terminal.sqlite3").display());
        let child = start(&url, op_type, header);
        let liveops = liveops(&url, config()).await;
        let id = the_only_one(&liveops).await;
        Self { child, liveops, id, _folder: folder }
    }
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
}

async fn the_only_one(liveops: &LiveOps) -> OperationId {
    let rows = liveops.list(&ListFilter::new(), 2).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows[0].operation_id()
}

/// Waits until the row says that somebody asked for the end, or that it came.
async fn reaches(liveops: &LiveOps, id: OperationId, is_there: impl Fn(&store::Model) -> bool) {
    let reached = async {
        while !is_there(&liveops.find(id).await.unwrap().unwrap()) {
            time::sleep(Duration::from_millis(20)).await;
        }
    };
    time::timeout(Duration::from_secs(60), reached).await.expect("the row comes to that");
}

#[tokio::test]
async fn a_second_ctrl_c_aborts_it_and_the_row_says_that_it_was_cancelled() {
    let Begun { mut child, liveops, id, _folder } =
        Begun::at("terminal.stubborn", "=== [1/1] Wait ===").await;

    interrupt(&child);
    reaches(&liveops, id, |row| row.cancel_requested).await;
    assert!(child.try_wait().unwrap().is_none(), "once is a question");
    assert_eq!(liveops.find(id).await.unwrap().unwrap().state(), OperationState::Started);

    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(liveops.find(id).await.unwrap().unwrap().state(), OperationState::Cancelled);
}

#[tokio::test]
async fn one_that_holds_its_thread_ends_as_cancelled_when_its_lease_runs_out() {
    let Begun { mut child, liveops, id, _folder } =
        Begun::at("terminal.holding", "=== [1/1] Hold ===").await;

    interrupt(&child);
    reaches(&liveops, id, |row| row.cancel_requested).await;
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let row = liveops.find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::Started, "nobody could end it");

    liveops.start_worker();
    reaches(&liveops, id, |row| row.state() == OperationState::Cancelled).await;
}

#[tokio::test]
async fn a_third_ctrl_c_waits_for_nothing() {
    let Begun { mut child, liveops, id, _folder } =
        Begun::at("terminal.holding", "=== [1/1] Hold ===").await;
    interrupt(&child);
    reaches(&liveops, id, |row| row.cancel_requested).await;
    let ended = tokio::task::spawn_blocking(move || {
        // Signals of a kind that come together are one.
        while child.try_wait().unwrap().is_none() {
            interrupt(&child);
            thread::yield_now();
        }
        child.wait().unwrap().code()
    });
    assert_eq!(ended.await.unwrap(), Some(130));
}
