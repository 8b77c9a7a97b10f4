//! Web processes and workers are rolled from one version of the demo to the next, back and forth, while users create
//! operations whose input, output and stages the two versions do not share.

use std::{
    collections::HashMap,
    path::Path,
    process::ExitStatus,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use liveops::{
    LiveOps, OperationState,
    store::{self, ListFilter, Model},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    balancer::Balancer,
    fleet::Fleet,
    letters::{NO_STAMP, OP_TYPE, VERSION},
    patience::wait_until,
    process::Process,
    site::Site,
};

const USERS: usize = 6;
const WEBS: usize = 2;
const WORKERS: usize = 2;

/// More than a test creates.
const ROWS_LEN_MAX: u64 = 100_000;

/// What a page says of a letter of the second version in a process of the first one.
const WAITS: &str = "Waits for a newer version of the application";

/// The letters that users have sent, each with its stamp.
#[derive(Clone, Default)]
struct Desk {
    sent: Arc<Mutex<HashMap<String, String>>>,
    is_closed: Arc<AtomicBool>,
}

impl Desk {
    /// Sends a letter. A process of the first version ignores the stamp, which its form does not have.
    async fn send(&self, site: &Site, user: usize, number: usize) {
        let stamp = format!("stamp {user}/{number}");
        let hold_ms = [0, 5, 20, 400][number % 4];
        let input =
            json!({ "text": format!("{user}/{number}"), "hold_ms": hold_ms, "stamp": stamp });
        let letter = site.start(OP_TYPE, &input).await;
        let id = letter["id"].as_str().unwrap().to_owned();
        self.sent.lock().unwrap().insert(id, stamp);
    }

    fn len(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// Has each user send letters, one after another, until the desk is closed.
    async fn open(&self, balancer: &Balancer) -> JoinSet<()> {
        self.is_closed.store(false, Ordering::SeqCst);
        let mut users = JoinSet::new();
        for user in 0..USERS {
            let site = Site::sign_in(balancer, &format!("user-{user}")).await;
            let desk = self.clone();
            users.spawn(async move {
                for number in 0.. {
                    if desk.is_closed.load(Ordering::SeqCst) {
                        return;
                    }
                    desk.send(&site, user, number).await;
                }
            });
        }
        users
    }

    async fn close(&self, users: JoinSet<()>) {
        self.is_closed.store(true, Ordering::SeqCst);
        users.join_all().await;
    }

    /// Returns everything that is wrong with the letters at the end.
    fn wrongs(&self, rows: &[Model]) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        let mut wrongs = Vec::new();
        if rows.len() != sent.len() {
            wrongs.push(format!("{} letters were sent, and {} are there", sent.len(), rows.len()));
        }
        for row in rows {
            let stamp = sent.get(&row.id.to_string()).cloned().unwrap_or_default();
            let wrong = End::of(row).wrong(&stamp);
            wrongs.extend(wrong.map(|wrong| format!("{}: {wrong}\n{row:?}", row.id)));
        }
        wrongs
    }
}

/// The end of a letter, as its row tells.
struct End {
    version: i32,
    input: Value,
    output: Value,
    stages: Value,
    has_finished: bool,
}

impl End {
    fn of(row: &Model) -> Self {
        Self {
            version: row.payload_version,
            input: row.input.clone(),
            output: row.result_context.clone().unwrap_or_default(),
            stages: row
                .stage_timings
                .as_ref()
                .map(|timings| timings["labels"].clone())
                .unwrap_or_default(),
            has_finished: row.state() == OperationState::FinishedOk,
        }
    }

    /// Returns `true` if the second version ran the letter, which was converted if it is of the first one.
    fn is_of_second(&self) -> bool {
        self.output.get("stamp").is_some()
    }

    fn wrong(&self, stamp: &str) -> Option<&'static str> {
        let text = &self.input["text"];
        let (of_first, of_second) =
            ((json!({ "text": text }), json!(["Write", "Send"])), |stamp: &str| {
                (json!({ "text": text, "stamp": stamp }), json!(["Write", "Seal", "Send"]))
            });
        let (input, (output, stages)) = match self.version {
            1 if self.is_of_second() => (json!(null), of_second(NO_STAMP)),
            1 => (json!(null), of_first),
            2 => (json!(stamp), of_second(stamp)),
            _ => return Some("nobody wrote this version"),
        };
        if !self.has_finished {
            Some("it has not finished")
        } else if self.input["stamp"] != input {
            Some("its input is not the one that was sent")
        } else if self.output != output {
            Some("its output is not that of its input")
        } else if self.stages != stages {
            Some("its stages are not those of the version that ran it")
        } else {
            None
        }
    }
}

/// Returns the number of attempts in the history that ended with each outcome.
async fn outcomes(db: &DatabaseConnection) -> HashMap<String, i64> {
    const OUTCOMES: &str =
        "SELECT outcome, CAST(COUNT(*) AS bigint) FROM liveops_attempt GROUP BY outcome";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), OUTCOMES)).await;
    let rows = rows.unwrap();
    let of = |row: &sea_orm::QueryResult| {
        (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())
    };
    rows.iter().map(of).collect()
}

async fn letters(liveops: &LiveOps) -> Vec<Model> {
    liveops.list(&ListFilter::new().with_op_type(OP_TYPE), ROWS_LEN_MAX).await.unwrap()
}

/// Waits until every letter has ended, apart from those of the second version if they have to wait.
async fn settle(liveops: &LiveOps, second_waits: bool) {
    wait_until("the letters to end", async || {
        letters(liveops).await.iter().all(|row| match row.payload_version {
            2 if second_waits => row.state() != OperationState::Started,
            _ => row.state().is_terminal(),
        })
    })
    .await;
}

/// Checks the letters and their attempts at the end.
async fn check(desk: &Desk, liveops: &LiveOps, db: &DatabaseConnection) {
    let rows = letters(liveops).await;
    let wrongs = desk.wrongs(&rows);
    assert!(wrongs.is_empty(), "{} are wrong, such as {}", wrongs.len(), wrongs[0]);
    let of_version = |version| rows.iter().filter(|row| row.payload_version == version).count();
    let converted = rows.iter().map(End::of).filter(|end| end.version == 1 && end.is_of_second());
    let (first, second, converted) = (of_version(1), of_version(2), converted.count());
    let outcomes = outcomes(db).await;
    eprintln!(
        "{first} of the first version, {converted} of them converted; {second} of the second one; {outcomes:?}"
    );
    assert!(first > 0 && second > 0, "{first} {second}");
    // A misfit would be a failed attempt, also before another attempt that succeeds.
    assert!(
        outcomes.keys().all(|outcome| outcome == "finished" || outcome == "handed_back"),
        "{outcomes:?}"
    );
    assert_eq!(outcomes["finished"], rows.len() as i64);
}

async fn roll_webs(fleet: &mut Fleet) {
    for web in 0..WEBS {
        assert!(fleet.restart_web(web).await.success());
    }
}

async fn roll_workers(fleet: &mut Fleet) {
    for worker in 0..WORKERS {
        assert!(fleet.restart_worker(worker).await.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_deploy_and_its_rollback_lose_no_field_and_leave_nothing_behind() {
    let environment = [(VERSION, "1"), ("LIVEOPS_THROTTLE_HZ", "10")];
    let Some(mut fleet) = Fleet::start(WEBS, WORKERS, &environment).await else { return };
    let db = store::connect(&fleet.deployment().database_url()).await.unwrap();
    let liveops = LiveOps::builder(db.clone()).build().unwrap();
    let desk = Desk::default();
    let users = desk.open(&fleet.balancer).await;
    wait_until("the first letters", async || desk.len() > 50).await;

    // The web processes first: their letters wait for a worker of the second version.
    fleet.deployment_mut().set(VERSION, "2");
    roll_webs(&mut fleet).await;
    roll_workers(&mut fleet).await;
    let sent = desk.len();
    wait_until("more letters", async || desk.len() > sent + 50).await;

    // Back, with the workers first: the letters of the second version wait again.
    fleet.deployment_mut().set(VERSION, "1");
    roll_workers(&mut fleet).await;
    let sent = desk.len();
    wait_until("more letters", async || desk.len() > sent + 20).await;
    roll_webs(&mut fleet).await;
    desk.close(users).await;
    settle(&liveops, true).await;
    let rows = letters(&liveops).await;
    let is_waiting =
        |row: &&Model| row.payload_version == 2 && row.state() == OperationState::NotStarted;
    let row = rows.iter().find(is_waiting).expect("a letter waits for the second version");
    let site = Site::sign_in(&fleet.balancer, &row.owner).await;
    let page = site.get(&format!("/live/{OP_TYPE}/{}/", row.id)).await;
    assert!(page.contains(WAITS), "{page}");

    let users = desk.open(&fleet.balancer).await;
    fleet.deployment_mut().set(VERSION, "2");
    roll_workers(&mut fleet).await;
    roll_webs(&mut fleet).await;
    desk.close(users).await;
    settle(&liveops, false).await;
    check(&desk, &liveops, &db).await;
    let (statuses, deployment) = fleet.stop().await;
    assert!(statuses.iter().all(ExitStatus::success), "{statuses:?}");
    let complaints = deployment.complaints();
    assert!(!complaints.contains("ERROR"), "{complaints}");
}

/// Starts one process with a database in a file.
async fn start(folder: &Path, bind: &str, version: &str) -> (Process, String) {
    let database = format!("sqlite://{}", folder.join("letters.sqlite3").display());
    let words = ["serve", "--bind", bind, "--database-url", &database];
    let secret = "a secret that every process of the test has";
    let environment = [("SECRET_KEY", secret), (VERSION, version)];
    let mut process = Process::start(&words, &environment, &folder.join("letters.log"));
    let address = process.says("listening on http://").await;
    (process, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_with_a_file_is_deployed_and_rolled_back() {
    const LETTERS: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::default();
    let mut bind = "127.0.0.1:0".to_owned();
    for (round, version) in ["1", "2", "1", "2"].into_iter().enumerate() {
        let (process, address) = start(folder.path(), &bind, version).await;
        bind.clone_from(&address);
        let site = Site::sign_in(&Balancer::new([address]), "user-0").await;
        for number in 0..LETTERS {
            desk.send(&site, round, number).await;
        }
        // Some of the letters run, and some wait.
        assert!(process.terminate().await.success());
    }
    let (process, _) = start(folder.path(), &bind, "2").await;
    let database = format!("sqlite://{}", folder.path().join("letters.sqlite3").display());
    let db = store::connect(&database).await.unwrap();
    let liveops = LiveOps::builder(db.clone()).build().unwrap();
    settle(&liveops, false).await;
    assert!(process.terminate().await.success());
    check(&desk, &liveops, &db).await;
}

#[test]
fn a_lost_field_and_a_misfit_are_wrong() {
    let end = |version: i32, input: &Value, output: Value, stages: Value| End {
        version,
        input: input.clone(),
        output,
        stages,
        has_finished: true,
    };
    let (text, both) = (json!({ "text": "a" }), json!({ "text": "a", "stamp": "s" }));
    let (two, three) = (json!(["Write", "Send"]), json!(["Write", "Seal", "Send"]));
    let right = [
        end(1, &text, text.clone(), two.clone()),
        end(1, &text, json!({ "text": "a", "stamp": NO_STAMP }), three.clone()),
        end(2, &both, both.clone(), three.clone()),
    ];
    assert!(right.iter().all(|end| end.wrong("s").is_none()));
    let wrong = [
        end(2, &both, text.clone(), two.clone()),
        end(2, &both, json!({ "text": "a", "stamp": "" }), three.clone()),
        end(2, &text, text.clone(), two.clone()),
        end(1, &text, text.clone(), three.clone()),
        End { has_finished: false, ..end(2, &both, both.clone(), three) },
    ];
    assert!(wrong.iter().all(|end| end.wrong("s").is_some()));
}
