//! Writes that the database commits and whose answer never arrives.

use std::{path::PathBuf, time::Duration};

use axum::{body::Body, http::Request};
use liveops::{
    Attempt, ChannelName, Config, LiveOperation, OperationId, OperationState, Progress, Run,
    RunError, RunResult, RunnerKind, store,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, Greeting, Steps, TestApp},
    files::{files_in, upload_folder},
    held_commits::HeldCommits,
    log::Log,
    multipart::{MULTIPART, multipart},
    postgres::PostgresDatabase,
    proxy::Proxy,
    sql::value,
    until::until,
};

/// Fails once for each step of the gate.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, max_attempts = 2, backoff = "1 h..1 h")]
struct Busy;

impl Run for Busy {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        Err(RunError::user("The service is busy."))
    }
}

/// Takes a file.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", form)]
struct LostSheet {
    file: PathBuf,
}

impl Run for LostSheet {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        Ok(())
    }
}

/// A database behind a network that can lose the answer to one commit.
struct Fragile {
    database: PostgresDatabase,
    /// Not through the network.
    direct: DatabaseConnection,
    proxy: Proxy,
}

impl Fragile {
    async fn start() -> Option<Self> {
        let database = PostgresDatabase::create().await?;
        let direct = store::connect(&database.url()).await.unwrap();
        let proxy = Proxy::start(database.address()).await;
        Some(Self { database, direct, proxy })
    }

    async fn app(&self, runner: RunnerKind, change: impl FnOnce(&mut Config)) -> TestApp {
        let mut config = Config::default();
        // Nothing else is to be said to the database meanwhile.
        config.poll_interval = Duration::from_secs(3_600);
        change(&mut config);
        let url = self.proxy.database_url(&self.database.url());
        TestApp::on(&url, |builder| {
            builder.register::<Busy>().register::<LostSheet>().runner(runner).config(config)
        })
        .await
    }

    /// Loses the answer to the commit of the first write of `event`, such as `UPDATE` with a condition,
    /// that `action` makes, and whatever else is said until then.
    async fn lose_answer<T>(&self, event: &str, action: impl Future<Output = T>) -> T {
        self.lose(event, action, || self.proxy.forward()).await
    }

    async fn lose<T>(
        &self,
        event: &str,
        action: impl Future<Output = T>,
        after: impl FnOnce(),
    ) -> T {
        let held = HeldCommits::hold(&self.direct, event).await;
        let lose = async {
            held.until_one_waits().await;
            self.proxy.swallow();
            held.release().await;
            self.proxy.has_swallowed(1).await;
            HeldCommits::remove(&self.direct).await;
            after();
        };
        tokio::join!(action, lose).0
    }
}

const PUT_BACK: &str = "UPDATE WHEN (OLD.started_on IS NOT NULL AND NEW.started_on IS NULL)";
const RETRIED: &str = "UPDATE WHEN (OLD.finished_on IS NOT NULL AND NEW.finished_on IS NULL)";

/// Waits until the page of the operation has been told of this attempt.
async fn shows_attempt(app: &TestApp, id: OperationId, attempt: u32) {
    let channel = ChannelName::operation(id);
    until("the attempt is shown", async || {
        let retained = app.liveops.channel_layer().catch_up(&channel, None).await.unwrap();
        retained.is_some_and(|retained| retained.cursor.epoch.attempt == Attempt(attempt))
    })
    .await;
}

fn says(log: &Log, text: &str) -> bool {
    log.lines().iter().any(|line| line.text.contains(text))
}

#[tokio::test]
async fn the_next_attempt_is_shown_although_the_answer_to_its_scheduling_was_lost() {
    let Some(fragile) = Fragile::start().await else { return };
    let log = Log::begin();
    let app = fragile.app(RunnerKind::Spawn, |_| {}).await;
    let id = app.liveops.enqueue(Busy, "ann").await.unwrap();
    app.reaches(id, OperationState::Started).await;
    let fails = async {
        app.gate.open(1);
        shows_attempt(&app, id, 2).await;
    };
    fragile.lose_answer(PUT_BACK, fails).await;
    assert!(says(&log, "scheduled the next attempt") && !says(&log, "lost the lease"));
    let row = app.liveops.find(id).await.unwrap().unwrap();
    assert_eq!((row.state(), row.attempt), (OperationState::NotStarted, 2));
}

#[tokio::test]
async fn a_hand_back_is_shown_and_wakes_workers_although_its_answer_was_lost() {
    let Some(fragile) = Fragile::start().await else { return };
    let log = Log::begin();
    let app = fragile.app(RunnerKind::Spawn, |_| {}).await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.reports::<Steps>(id, "in Load").await;
    let workers = ChannelName::workers();
    let mut notices = app.liveops.channel_layer().subscribe(&workers).await.unwrap();
    fragile.lose_answer(PUT_BACK, app.liveops.shutdown(Duration::ZERO)).await;
    shows_attempt(&app, id, 2).await;
    assert!(says(&log, "handed the operation back") && !says(&log, "lost the lease"));
    notices.next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_retry_succeeds_although_the_answer_to_its_commit_was_lost() {
    let Some(fragile) = Fragile::start().await else { return };
    let app = fragile.app(RunnerKind::Spawn, |_| {}).await;
    let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
    app.ends(id).await;
    let path = format!("/live/test.greeting/{id}/retry");
    let answer = fragile.lose_answer(RETRIED, app.ask("POST", &path)).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    // The next poll is in an hour.
    app.until_row(id, |row| row.attempt == 2 && row.state().is_terminal()).await;
}

#[tokio::test]
async fn an_enqueue_succeeds_although_the_answer_to_its_insert_was_lost() {
    let Some(fragile) = Fragile::start().await else { return };
    let uploads = upload_folder();
    let to_uploads = |config: &mut Config| config.upload_dir = Some(uploads.path().to_owned());
    let app = fragile.app(RunnerKind::Spawn, to_uploads).await;
    let answer = fragile.lose_answer("INSERT", app.send(upload())).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    let id: OperationId = answer.json()["id"].as_str().unwrap().parse().unwrap();
    app.reaches(id, OperationState::FinishedOk).await;
    assert_eq!(files(&uploads), 1, "the operation has its file");
}

#[tokio::test]
async fn a_file_stays_if_nobody_can_tell_whether_its_operation_exists() {
    let Some(fragile) = Fragile::start().await else { return };
    let uploads = upload_folder();
    let to_uploads = |config: &mut Config| config.upload_dir = Some(uploads.path().to_owned());
    let app = fragile.app(RunnerKind::Worker, to_uploads).await;
    let answer = fragile.lose("INSERT", app.send(upload()), || fragile.proxy.cut()).await;
    assert_eq!(answer.status.as_u16(), 500, "{}", answer.body);
    assert!(value::<bool>(&fragile.direct, "SELECT EXISTS (SELECT FROM liveops_operation)").await);
    assert_eq!(files(&uploads), 1, "the operation has its file");
}

#[tokio::test]
async fn a_file_is_deleted_if_its_operation_does_not_exist() {
    let Some(fragile) = Fragile::start().await else { return };
    let uploads = upload_folder();
    let to_uploads = |config: &mut Config| config.upload_dir = Some(uploads.path().to_owned());
    let app = fragile.app(RunnerKind::Worker, to_uploads).await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ \
                  BEGIN RAISE 'no'; END $$; CREATE TRIGGER refuse BEFORE INSERT ON \
                  liveops_operation FOR EACH ROW EXECUTE FUNCTION refuse()";
    fragile.direct.execute_unprepared(refuse).await.unwrap();
    let answer = app.send(upload()).await;
    assert_eq!(answer.status.as_u16(), 500, "{}", answer.body);
    assert_eq!(files(&uploads), 0);
}

/// The number of files with content. Files whose operation may not exist have a marker file beside them.
fn files(uploads: &tempfile::TempDir) -> usize {
    let is_marker = |path: &PathBuf| path.extension().is_some_and(|it| it == "unconfirmed");
    files_in(uploads.path()).iter().filter(|path| !is_marker(path)).count()
}

fn upload() -> Request<Body> {
    Request::post("/live/test.lost_sheet/")
        .header("content-type", MULTIPART)
        .header("accept", "application/json")
        .body(Body::from(multipart(&[("file", Some("a.csv"), "a,b")])))
        .unwrap()
}
