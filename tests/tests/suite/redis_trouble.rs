//! What those who watch see while Redis, or the way to it, is in trouble: at the end the truth, and
//! on the way there nothing of an attempt that was overtaken.

use std::time::Duration;

use liveops::{
    ChannelName, Config, OperationId, OperationState, RunnerKind, channel::RedisChannelLayer,
    operation::NewOperation, runner::Builder, store::Model,
};

use crate::support::{
    app::{Gate, Greeting, Steps, TestApp},
    browser::Browser,
    numbers::Numbers,
    postgres::PostgresDatabase,
    proxy::Proxy,
    redis::RedisServer,
    sqlite::SqliteFile,
    until::until,
    watched::{SHOWS_THE_TRUTH, WatchedApp},
};

const KEEPALIVE: Duration = Duration::from_secs(1);

/// A web process with a page that is open, a worker, a Redis, and a network to it for each of the two.
struct Scene {
    redis: RedisServer,
    web: WatchedApp,
    web_network: Proxy,
    worker: TestApp,
    worker_network: Proxy,
    browser: Browser,
    id: OperationId,
    _database: SqliteFile,
}

impl Scene {
    /// A run is in its first stage, and a page shows that; `None` where there is no Redis or browser.
    async fn begin() -> Option<Self> {
        let redis = RedisServer::start()?;
        let browser = Browser::open().await?;
        let database = SqliteFile::new();
        let web_network = Proxy::start(redis.address()).await;
        let worker_network = Proxy::start(redis.address()).await;
        let web = process(&database.url(), &web_network, Config::default()).await;
        let worker = process(&database.url(), &worker_network, Config::default()).await;
        worker.liveops.start_worker();
        let web = WatchedApp::serve(web, axum::Router::new()).await;
        let id = web.watch(&browser, Steps {}).await;
        browser.wait_until(&shows("entered Load")).await;
        Some(Self {
            redis,
            web,
            web_network,
            worker,
            worker_network,
            browser,
            id,
            _database: database,
        })
    }

    /// The run goes on to its end, and the page shows the whole of it.
    async fn ends_at_the_truth(&self) {
        self.worker.gate.open(3);
        self.browser.wait_until(&is_in(OperationState::FinishedOk)).await;
        self.browser.wait_until(SHOWS_THE_TRUTH).await;
        for stage in ["Load", "Process", "Save"] {
            self.browser.wait_until(&format!("{} === 1", lines(&format!("entered {stage}")))).await;
        }
    }

    /// Lets the run take a step, and waits until it was taken; nobody else may know.
    async fn steps(&self, stage: &str) {
        self.worker.gate.open(1);
        until(&format!("it is in {stage}"), async || {
            self.row().await.current_stage.as_deref() == Some(stage)
        })
        .await;
    }

    async fn ends_in_the_database(&self) {
        until("it has ended", async || self.row().await.state().is_terminal()).await;
    }

    async fn row(&self) -> Model {
        self.worker.liveops.find(self.id).await.unwrap().unwrap()
    }
}

async fn process(database_url: &str, network: &Proxy, mut config: Config) -> TestApp {
    config.keepalive = KEEPALIVE;
    let layer = RedisChannelLayer::new(&network.redis_url()).unwrap();
    let change =
        |app: Builder<Gate>| app.runner(RunnerKind::Worker).channel_layer(layer).config(config);
    TestApp::on(database_url, change).await
}

pub(super) fn shows(text: &str) -> String {
    format!("document.querySelector('.liveop').textContent.includes('{text}')")
}

pub(super) fn is_in(state: OperationState) -> String {
    format!("document.querySelector('.liveop').dataset.liveopState === '{state}'")
}

/// How many lines of the log are this one.
pub(super) fn lines(text: &str) -> String {
    format!(
        "[...document.querySelectorAll('.op-log-line')].filter(l => l.textContent.includes('{text}')).length"
    )
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_run_ends_at_the_truth() {
    let Some(mut scene) = Scene::begin().await else { return };
    scene.redis.kill();
    scene.steps("Process").await;
    scene.redis.start_again();
    scene.browser.wait_until(&shows("entered Process")).await;
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn a_run_that_says_nothing_opens_a_channel_that_was_wiped_again() {
    let Some(scene) = Scene::begin().await else { return };
    let () = scene.redis.ask("FLUSHALL").await;
    until("it is opened", async || scene.redis.ask::<u64>("DBSIZE").await > 0).await;
    let latecomer = Browser::open().await.unwrap();
    latecomer.goto(&scene.web.page_of::<Steps>(scene.id)).await;
    latecomer.wait_until(&shows("entered Load")).await;
    scene.ends_at_the_truth().await;
    latecomer.wait_until(SHOWS_THE_TRUTH).await;
}

#[tokio::test]
async fn a_wipe_in_the_middle_of_a_run_ends_at_the_truth() {
    let Some(scene) = Scene::begin().await else { return };
    for stage in ["Process", "Save"] {
        let () = scene.redis.ask("FLUSHALL").await;
        scene.steps(stage).await;
    }
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn connections_that_are_killed_all_the_time_end_at_the_truth() {
    let Some(scene) = Scene::begin().await else { return };
    for stage in ["Process", "Save"] {
        for kind in ["pubsub", "normal"] {
            let kill = format!("CLIENT KILL TYPE {kind} SKIPME yes");
            let _: i64 = scene.redis.ask(&kill).await;
        }
        scene.steps(stage).await;
    }
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn a_slow_server_ends_at_the_truth() {
    let Some(scene) = Scene::begin().await else { return };
    // Shorter and longer than anybody waits for an answer.
    for (stage, milliseconds) in [("Process", 1_000), ("Save", 5_000)] {
        let () = scene.redis.ask(&format!("CLIENT PAUSE {milliseconds} ALL")).await;
        scene.steps(stage).await;
    }
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn a_network_that_swallows_everything_ends_at_the_truth() {
    let Some(scene) = Scene::begin().await else { return };
    scene.web_network.swallow();
    scene.worker_network.swallow();
    scene.steps("Process").await;
    scene.steps("Save").await;
    scene.web_network.forward();
    scene.worker_network.forward();
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn an_end_is_seen_while_the_server_is_away() {
    let Some(mut scene) = Scene::begin().await else { return };
    scene.redis.kill();
    scene.worker.gate.open(3);
    scene.ends_in_the_database().await;
    scene.browser.wait_until(&is_in(OperationState::FinishedOk)).await;
    scene.browser.wait_until(&shows("entered Save")).await;
    // And whoever comes only now sees it too.
    scene.browser.goto(&scene.web.page_of::<Steps>(scene.id)).await;
    scene.browser.wait_until(&is_in(OperationState::FinishedOk)).await;
}

#[tokio::test]
async fn an_end_that_could_not_be_told_is_told_as_soon_as_it_can_be() {
    let Some(scene) = Scene::begin().await else { return };
    let list = scene.web.proxy.url("/live/");
    let watcher = Browser::open().await.unwrap();
    watcher.goto(&list).await;
    watcher.wait_for(".liveops-badge[data-state=STARTED]").await;
    // The web process hears everything, and so has no reason to look for itself.
    scene.worker_network.cut();
    scene.worker.gate.open(3);
    scene.ends_in_the_database().await;
    scene.worker_network.forward();
    watcher.wait_for(".liveops-badge[data-state=FINISHED_OK]").await;
    scene.ends_at_the_truth().await;
}

/// As one that was started from a backup, or that took over without the newest writes.
#[tokio::test]
async fn a_server_that_has_an_older_state_is_published_to_anew() {
    let Some(scene) = Scene::begin().await else { return };
    let key = format!("liveops:{{{}}}", ChannelName::operation(scene.id));
    let copied: u64 = scene.redis.ask(&format!("COPY {key} {key}-backup")).await;
    assert_eq!(copied, 1);
    scene.steps("Process").await;
    scene.browser.wait_until(&shows("entered Process")).await;
    let restored: u64 = scene.redis.ask(&format!("COPY {key}-backup {key} REPLACE")).await;
    assert_eq!(restored, 1);
    scene.steps("Save").await;
    scene.browser.wait_until(&shows("entered Save")).await;
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn operations_run_while_the_server_is_away() {
    let Some(mut scene) = Scene::begin().await else { return };
    scene.redis.kill();
    let liveops = &scene.web.app.liveops;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(liveops.enqueue(Greeting { name: format!("{n}") }, "ann").await.unwrap());
    }
    for id in ids {
        let state = async || liveops.find(id).await.unwrap().unwrap().state();
        until("it has ended", async || state().await == OperationState::FinishedOk).await;
    }
    scene.redis.start_again();
    scene.ends_at_the_truth().await;
}

#[tokio::test]
async fn a_flood_that_nobody_takes_holds_nobody_up_and_is_shown_as_its_newest() {
    const COUNT: usize = 50_000;
    let Some(mut scene) = Scene::begin().await else { return };
    scene.redis.kill();
    scene.id = scene.web.app.liveops.enqueue(Numbers { count: COUNT }, "ann").await.unwrap();
    // What the other run takes of them is made up for.
    scene.worker.gate.open(COUNT + 4);
    scene.ends_in_the_database().await;
    scene.redis.start_again();
    let state = format!("EXISTS liveops:{{{}}}", ChannelName::operation(scene.id));
    until("it is published", async || scene.redis.ask::<u64>(&state).await > 0).await;
    let answered: String = scene.redis.ask("INFO commandstats").await;
    let scripts = answered.lines().find(|line| line.starts_with("cmdstat_evalsha")).unwrap();
    let calls = scripts.split(['=', ',']).nth(1).unwrap();
    assert!(calls.parse::<usize>().unwrap() < COUNT / 100, "nothing had queued up: {scripts}");
    scene.browser.goto(&scene.web.page_of::<Numbers>(scene.id)).await;
    scene.browser.wait_until(&shows(&format!("number={}", COUNT - 1))).await;
    scene.browser.wait_until(&is_in(OperationState::FinishedOk)).await;
}

/// A worker that is cut off from everything for longer than its lease: another one takes over, and
/// what the first one says when it is back is for nobody.
#[tokio::test]
async fn what_a_worker_says_after_it_was_overtaken_is_seen_by_nobody() {
    let Some(redis) = RedisServer::start() else { return };
    let Some(database) = PostgresDatabase::create().await else { return };
    let Some(browser) = Browser::open().await else { return };
    let postgres = url::Url::parse(&database.url()).unwrap();
    let postgres = (postgres.host_str().unwrap(), postgres.port().unwrap());
    let postgres = tokio::net::lookup_host(postgres).await.unwrap().next().unwrap();
    let (lost_database, lost_redis) =
        (Proxy::start(postgres).await, Proxy::start(redis.address()).await);
    let network = Proxy::start(redis.address()).await;
    let mut config = Config::default();
    config.lease = Duration::from_secs(2);

    let web = process(&database.url(), &network, config.clone()).await;
    let lost_url = lost_database.database_url(&database.url());
    let lost = process(&lost_url, &lost_redis, config.clone()).await;
    lost.liveops.start_worker();
    let web = WatchedApp::serve(web, axum::Router::new()).await;
    let mut new = NewOperation::new(&Steps {}, "ann").unwrap();
    new.max_attempts = 2;
    let id = web.app.liveops.enqueue_new(new).await.unwrap().operation_id();
    browser.goto(&web.page_of::<Steps>(id)).await;
    browser.wait_until(&shows("entered Load")).await;

    lost_database.swallow();
    lost_redis.swallow();
    let next = process(&database.url(), &network, config).await;
    next.liveops.start_worker();
    let row = async || web.app.liveops.find(id).await.unwrap().unwrap();
    until("it is taken over", async || {
        let row = row().await;
        row.attempt == 2 && row.state() == OperationState::Started
    })
    .await;
    next.gate.open(1);
    browser.wait_until(&shows("in Process")).await;
    lost_database.forward();
    lost_redis.forward();
    lost.gate.open(3);
    lost.liveops.shutdown(Duration::from_secs(30)).await;
    browser.wait_until(&shows("in Process")).await;
    next.gate.open(2);
    browser.wait_until(&is_in(OperationState::FinishedOk)).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    browser.wait_until(&format!("{} === 1", lines("entered Save"))).await;
    assert_eq!(row().await.attempt, 2);
}
