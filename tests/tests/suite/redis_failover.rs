//! A Redis server that others take over from: a Redis Cluster of which a master is killed, and a master that
//! sentinels watch. Publishers and subscribers go on without a restart, and pages end at the truth.

use std::{collections::BTreeSet, time::Duration};

use liveops::{
    Attempt, ChannelName, Config, OperationId, OperationState, RunnerKind,
    channel::{
        ChannelLayer, Fragment, OpenedBy, Payload, PublishError, RedisChannelLayer, Region,
        Subscription,
    },
    runner::Builder,
};
use tokio::time::timeout;

use super::redis_trouble::{is_in, lines, shows};
use crate::support::{
    app::{Gate, Steps, TestApp},
    browser::Browser,
    redis_cluster::RedisCluster,
    redis_sentinel::WatchedRedis,
    sqlite::SqliteFile,
    until::until,
    watched::{SHOWS_THE_TRUTH, WatchedApp},
};

const FIRST: Attempt = Attempt(1);

async fn open(layer: &RedisChannelLayer, channel: &ChannelName) -> Result<(), PublishError> {
    let snapshot = vec![Fragment::replace(Region::Status, "begun")];
    layer.open(channel, FIRST, OpenedBy::Run, snapshot).await.map(drop)
}

async fn publish(layer: &RedisChannelLayer, channel: &ChannelName) -> Result<(), PublishError> {
    let next = Payload::Fragments(vec![Fragment::replace(Region::Status, "next")]);
    layer.publish(channel, FIRST, next).await.map(drop)
}

/// Waits until a subscriber gets a frame; it may be told before that it missed something.
async fn heard(subscription: &mut Subscription) {
    let hears = async { while subscription.next().await.expect("the layer is there").is_err() {} };
    timeout(Duration::from_secs(30), hears).await.expect("a frame is delivered");
}

/// Waits until a subscriber is told that it missed something.
async fn lost(subscription: &mut Subscription) {
    let is_told = async { while subscription.next().await.expect("the layer is there").is_ok() {} };
    timeout(Duration::from_secs(30), is_told).await.expect("the subscriber is told");
}

fn channel() -> ChannelName {
    ChannelName::operation(OperationId::new())
}

/// A channel on each of the three masters, and its subscription.
async fn on_each_master(
    cluster: &RedisCluster,
    layer: &RedisChannelLayer,
) -> Vec<(ChannelName, Subscription)> {
    let mut channels = Vec::new();
    while channels.len() < 3 {
        let channel = channel();
        if cluster.master_of(&format!("liveops:{{{channel}}}")).await == channels.len() {
            let subscription = layer.subscribe(&channel).await.unwrap();
            channels.push((channel, subscription));
        }
    }
    channels
}

#[tokio::test]
async fn every_master_of_a_cluster_takes_its_channels_and_every_subscriber_hears_them() {
    let Some(cluster) = RedisCluster::shared().await else { return };
    let publisher = RedisChannelLayer::new(&cluster.url()).unwrap();
    let subscriber = RedisChannelLayer::new(&cluster.url()).unwrap();
    publisher.ping().await.unwrap();
    for (channel, mut subscription) in on_each_master(&cluster, &subscriber).await {
        open(&publisher, &channel).await.unwrap();
        publish(&publisher, &channel).await.unwrap();
        heard(&mut subscription).await;
        heard(&mut subscription).await;
        let caught_up = subscriber.catch_up(&channel, None).await.unwrap().unwrap();
        assert_eq!(caught_up.cursor.seq, 2);
    }
}

/// While it moves, the old master answers `ASK` for what is gone; then it answers `MOVED`.
#[tokio::test]
async fn a_slot_that_moves_to_another_master_takes_its_channels_along() {
    let Some(cluster) = RedisCluster::shared().await else { return };
    let layer = RedisChannelLayer::new(&cluster.url()).unwrap();
    let (channel, mut subscription) = on_each_master(&cluster, &layer).await.remove(0);
    open(&layer, &channel).await.unwrap();
    let key = format!("liveops:{{{channel}}}");
    let (from, to) = (&cluster.servers()[0], &cluster.servers()[1]);
    let (from_id, to_id): (String, String) =
        (from.ask("CLUSTER MYID").await, to.ask("CLUSTER MYID").await);
    let slot: u16 = from.ask(&format!("CLUSTER KEYSLOT {key}")).await;

    let () = to.ask(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")).await;
    let () = from.ask(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")).await;
    publish(&layer, &channel).await.unwrap();
    let () = from.ask(&format!("MIGRATE 127.0.0.1 {} {key} 0 5000", to.address().port())).await;
    publish(&layer, &channel).await.unwrap();
    for server in [to, from] {
        let () = server.ask(&format!("CLUSTER SETSLOT {slot} NODE {to_id}")).await;
    }
    publish(&layer, &channel).await.unwrap();
    let caught_up = layer.catch_up(&channel, None).await.unwrap().unwrap();
    assert_eq!(caught_up.cursor.seq, 4, "nothing is published twice");
    for _ in 0..4 {
        heard(&mut subscription).await;
    }
    layer.ping().await.unwrap();

    // As it was, for the other tests.
    let () = to.ask(&format!("DEL {key}")).await;
    let () = from.ask(&format!("CLUSTER SETSLOT {slot} IMPORTING {to_id}")).await;
    let () = to.ask(&format!("CLUSTER SETSLOT {slot} MIGRATING {from_id}")).await;
    for server in [from, to] {
        let () = server.ask(&format!("CLUSTER SETSLOT {slot} NODE {from_id}")).await;
    }
}

/// The master of a channel, and the node over which this process listens.
#[tokio::test]
async fn a_node_of_a_cluster_that_hangs_is_left_by_publishers_and_subscribers() {
    let Some(cluster) = RedisCluster::start().await else { return };
    let layer = RedisChannelLayer::new(&cluster.url()).unwrap();
    let mut channels = on_each_master(&cluster, &layer).await;
    for (channel, subscription) in &mut channels {
        open(&layer, channel).await.unwrap();
        heard(subscription).await;
    }
    let mut listened = None;
    for (n, server) in cluster.servers().iter().enumerate() {
        if !server.ask::<String>("CLIENT LIST TYPE pubsub").await.is_empty() {
            listened = Some(n);
        }
    }
    let listened = listened.expect("a node has the subscriptions");
    // One master hangs, and its replica lives on.
    let master = if listened < 3 { listened } else { (listened + 1) % 3 };
    for node in BTreeSet::from([master, listened]) {
        cluster.servers()[node].suspend();
    }
    for (channel, subscription) in &mut channels {
        lost(subscription).await;
        until("it is published to", async || open(&layer, channel).await.is_ok()).await;
    }
    cluster.has_replaced(master).await;
    until("every node is ready", async || layer.ping().await.is_ok()).await;
    for (channel, subscription) in &mut channels {
        publish(&layer, channel).await.unwrap();
        heard(subscription).await;
    }
}

#[tokio::test]
async fn a_cluster_that_was_away_as_a_whole_is_used_again() {
    let Some(mut cluster) = RedisCluster::start().await else { return };
    let layer = RedisChannelLayer::new(&cluster.url()).unwrap();
    let mut channels = on_each_master(&cluster, &layer).await;
    for (channel, _) in &channels {
        open(&layer, channel).await.unwrap();
    }
    (0..6).for_each(|server| cluster.kill(server));
    for (channel, _) in &channels {
        assert!(publish(&layer, channel).await.is_err());
    }
    assert!(layer.ping().await.is_err());
    (0..6).for_each(|server| cluster.start_again(server));
    for (channel, subscription) in &mut channels {
        until("it is published to", async || open(&layer, channel).await.is_ok()).await;
        lost(subscription).await;
        // A frame may be lost while the nodes find each other.
        let hears = async {
            let mut next = None;
            while !matches!(next, Some(Ok(Some(Ok(_))))) {
                publish(&layer, channel).await.unwrap();
                next = Some(timeout(Duration::from_secs(1), subscription.next()).await);
            }
        };
        timeout(Duration::from_secs(30), hears).await.expect("a frame is delivered");
    }
    until("every node is ready", async || layer.ping().await.is_ok()).await;
}

/// A page of a run that is in its first stage, in another process than the run.
struct Scene {
    web: WatchedApp,
    worker: TestApp,
    browser: Browser,
    id: OperationId,
    _database: SqliteFile,
}

impl Scene {
    /// `None` where there is no browser.
    async fn begin(redis_url: &str) -> Option<Self> {
        let browser = Browser::open().await?;
        let database = SqliteFile::new();
        let web = process(&database.url(), redis_url).await;
        let worker = process(&database.url(), redis_url).await;
        worker.liveops.start_worker();
        let web = WatchedApp::serve(web, axum::Router::new()).await;
        let id = web.watch(&browser, Steps {}).await;
        browser.wait_until(&shows("entered Load")).await;
        Some(Self { web, worker, browser, id, _database: database })
    }

    /// The run goes on, and the page shows all of it, also over the servers that took over.
    async fn ends_at_the_truth(&self) {
        self.worker.gate.open(1);
        self.browser.wait_until(&shows("entered Process")).await;
        for process in [&self.worker, &self.web.app] {
            until("it is ready", async || process.liveops.health().await.is_ready()).await;
        }
        self.worker.gate.open(2);
        self.browser.wait_until(&is_in(OperationState::FinishedOk)).await;
        self.browser.wait_until(SHOWS_THE_TRUTH).await;
        for stage in ["Load", "Process", "Save"] {
            self.browser.wait_until(&format!("{} === 1", lines(&format!("entered {stage}")))).await;
        }
    }
}

async fn process(database_url: &str, redis_url: &str) -> TestApp {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    let layer = RedisChannelLayer::new(redis_url).unwrap();
    let change =
        |app: Builder<Gate>| app.runner(RunnerKind::Worker).channel_layer(layer).config(config);
    TestApp::on(database_url, change).await
}

#[tokio::test]
async fn a_run_ends_at_the_truth_when_the_master_of_its_channel_is_killed() {
    let Some(mut cluster) = RedisCluster::start().await else { return };
    let Some(scene) = Scene::begin(&cluster.url()).await else { return };
    let key = format!("liveops:{{{}}}", ChannelName::operation(scene.id));
    let master = cluster.master_of(&key).await;
    let retained: u64 = cluster.servers()[master].ask(&format!("EXISTS {key}")).await;
    assert_eq!(retained, 1, "the cluster has the state");
    cluster.kill(master);
    scene.ends_at_the_truth().await;
    let again: u64 = cluster.servers()[master + 3].ask(&format!("EXISTS {key}")).await;
    assert_eq!(again, 1, "the replica took over");
}

#[tokio::test]
async fn a_run_ends_at_the_truth_when_sentinels_replace_the_master() {
    let Some(mut redis) = WatchedRedis::start().await else { return };
    let Some(scene) = Scene::begin(&redis.url()).await else { return };
    let layer = RedisChannelLayer::new(&redis.url()).unwrap();
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;
    redis.kill_master();
    lost(&mut subscription).await;
    scene.ends_at_the_truth().await;
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;
}
