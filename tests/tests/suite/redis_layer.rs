//! What the channel layer over Redis makes of a server, and leaves on it.

use std::{collections::BTreeSet, error::Error, time::Duration};

use liveops::{
    Attempt, ChannelName, OperationId, OperationState, UserId,
    channel::{
        ChannelLayer, Delivery, Finished, Fragment, ListChange, Notice, OpenedBy, Payload,
        PublishError, RedisChannelLayer, Region, Signal, Subscription,
    },
};

use redis::TlsCertificates;
use tracing::Level;

use crate::{
    program::free_port,
    support::{
        log::Log, proxy::Proxy, redis::RedisServer, redis_cluster::RedisCluster,
        redis_sentinel::WatchedRedis, until::until,
    },
};

const FIRST: Attempt = Attempt(1);

fn channel() -> ChannelName {
    ChannelName::operation(OperationId::new())
}

fn status(text: &str) -> Payload {
    Payload::Fragments(vec![Fragment::replace(Region::Status, text)])
}

async fn open(layer: &RedisChannelLayer, channel: &ChannelName) -> Result<(), PublishError> {
    let snapshot = vec![Fragment::replace(Region::Status, "begun")];
    layer.open(channel, FIRST, OpenedBy::Run, snapshot).await.map(drop)
}

/// Waits until a subscriber is told that it missed something.
async fn lost(subscription: &mut Subscription) {
    while subscription.next().await.expect("the layer is there").is_ok() {}
}

/// Waits until a subscriber gets a frame; it may be told twice that it missed something.
async fn heard(subscription: &mut Subscription) {
    while subscription.next().await.expect("the layer is there").is_err() {}
}

#[tokio::test]
async fn a_process_has_two_connections_however_many_channels_it_uses() {
    let Some(server) = RedisServer::start() else { return };
    let layer = RedisChannelLayer::new(&server.url()).unwrap();
    let mut subscriptions = Vec::new();
    for _ in 0..50 {
        let channel = channel();
        subscriptions.push(layer.subscribe(&channel).await.unwrap());
        open(&layer, &channel).await.unwrap();
    }
    for subscription in &mut subscriptions {
        heard(subscription).await;
    }
    let clients: String = server.ask("CLIENT LIST").await;
    assert_eq!(clients.lines().count(), 3, "two and the one that asks: {clients}");
}

#[tokio::test]
async fn channels_that_nobody_hears_any_more_are_given_up() {
    let Some(server) = RedisServer::start() else { return };
    let layer = RedisChannelLayer::new(&server.url()).unwrap();
    let (kept, left) = (channel(), channel());
    let mut subscription = layer.subscribe(&kept).await.unwrap();
    drop(layer.subscribe(&left).await.unwrap());
    let heard_of = async || -> Vec<String> { server.ask("PUBSUB CHANNELS liveops:{liveop*").await };
    until("one is given up", async || heard_of().await.len() == 1).await;
    open(&layer, &kept).await.unwrap();
    heard(&mut subscription).await;
    let mut again = layer.subscribe(&left).await.unwrap();
    open(&layer, &left).await.unwrap();
    heard(&mut again).await;
}

#[tokio::test]
async fn the_state_of_a_channel_is_one_key_that_expires() {
    let Some(server) = RedisServer::start() else { return };
    let layer = RedisChannelLayer::new(&server.url()).unwrap();
    let layer = layer.with_prefix("shop:").with_retention(Duration::from_secs(60));
    let channel = channel();
    open(&layer, &channel).await.unwrap();
    let log = Payload::Fragments(vec![Fragment::append(Region::Log, 1, "line")]);
    layer.publish(&channel, FIRST, log).await.unwrap();
    let keys: Vec<String> = server.ask("KEYS *").await;
    assert_eq!(keys, [format!("shop:{{{channel}}}")]);
    let expires = async || -> i64 { server.ask(&format!("PTTL shop:{{{channel}}}")).await };
    assert!(expires().await > 60_000, "it may be silent for long while it runs");

    let finished = Finished {
        id: channel.operation_id().unwrap(),
        state: OperationState::FinishedOk,
        url: "/live/".to_owned(),
        success_url: None,
    };
    for payload in [Payload::Signal(Signal::Finished(finished)), status("and more")] {
        layer.publish(&channel, FIRST, payload).await.unwrap();
        assert!((0..=60_000).contains(&expires().await));
    }
}

#[tokio::test]
async fn applications_with_different_prefixes_do_not_hear_each_other() {
    let Some(server) = RedisServer::start() else { return };
    let shop = RedisChannelLayer::new(&server.url()).unwrap().with_prefix("shop:");
    // Whoever listens hears all databases of a server.
    let bank = RedisChannelLayer::new(&format!("{}1", server.url())).unwrap().with_prefix("bank:");
    let list = ChannelName::owner(&UserId::from("ann"));
    let mut changes = bank.subscribe(&list).await.unwrap();
    shop.announce(&list, ListChange::Rows.into()).await.unwrap();
    bank.announce(&ChannelName::all(), ListChange::Rows.into()).await.unwrap();
    bank.announce(&list, liveops::channel::WorkerNotification::Work.into()).await.unwrap();
    let heard = changes.next().await;
    assert!(matches!(heard, Some(Ok(Delivery::Notice(Notice::Worker(_))))), "{heard:?}");
}

/// The rights that the documentation asks for.
const RIGHTS: &str = "ACL SETUSER live on >secret resetchannels &liveops:* ~liveops:* +@connection +@scripting \
                      +@pubsub +@hash +select +del +pexpire";

/// A layer of a user with few rights does all that a layer does.
async fn has_all_rights(url: &str) {
    let (layer, channel) = (RedisChannelLayer::new(url).unwrap(), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;
    assert!(layer.catch_up(&channel, None).await.unwrap().is_some());
    layer.announce(&channel, ListChange::Rows.into()).await.unwrap();
    layer.ping().await.unwrap();
    assert!(!format!("{layer:?}").contains("secret"));

    let elsewhere = RedisChannelLayer::new(url).unwrap().with_prefix("other:");
    let refused = open(&elsewhere, &channel).await;
    assert!(matches!(refused, Err(PublishError::Backend(_))), "{refused:?}");
}

#[tokio::test]
async fn a_user_of_an_acl_needs_no_more_than_the_docs_say() {
    let Some(server) = RedisServer::start() else { return };
    let () = server.ask(RIGHTS).await;
    let () = server.ask("ACL SETUSER default -@all +acl").await;
    has_all_rights(&format!("redis://live:secret@{}/2", server.address())).await;
}

#[tokio::test]
async fn a_user_of_a_cluster_needs_no_more_than_the_docs_say() {
    let Some(cluster) = RedisCluster::shared().await else { return };
    for server in cluster.servers() {
        let () = server.ask(&format!("{RIGHTS} +cluster|slots")).await;
    }
    has_all_rights(&cluster.url().replace("://", "://live:secret@")).await;
}

#[tokio::test]
async fn a_user_of_sentinels_needs_no_more_than_the_docs_say() {
    let Some(redis) = WatchedRedis::shared().await else { return };
    for server in redis.servers() {
        let () = server.ask(&format!("{RIGHTS} +role")).await;
    }
    let rights = "ACL SETUSER watch on >secret +@connection +role +sentinel|masters";
    redis.ask_sentinels(rights).await;
    let url = redis.url().replace("://", "://live:secret@");
    has_all_rights(&format!("{url}&sentinel-user=watch&sentinel-password=secret")).await;
}

#[tokio::test]
async fn a_server_that_speaks_tls_is_spoken_to_if_it_is_known() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = certified.cert.pem();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("cert"), &certificate).unwrap();
    std::fs::write(file("key"), certified.signing_key.serialize_pem()).unwrap();
    let port = free_port().unwrap();
    let tls = ["--tls-port", &port.to_string(), "--tls-auth-clients", "no"];
    let files = ["--tls-cert-file", &file("cert"), "--tls-key-file", &file("key")];
    let Some(_server) = RedisServer::with(&[&tls[..], &files].concat()) else { return };
    let url = format!("rediss://localhost:{port}/");

    let certificates =
        TlsCertificates { client_tls: None, root_cert: Some(certificate.into_bytes()) };
    let client = redis::Client::build_with_tls(url.as_str(), certificates).unwrap();
    let (layer, channel) = (RedisChannelLayer::with_client(client), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;

    let stranger = RedisChannelLayer::new(&url).unwrap();
    assert!(matches!(open(&stranger, &channel).await, Err(PublishError::Backend(_))));
}

#[tokio::test]
async fn a_cluster_has_every_key_of_a_channel_in_one_slot() {
    let Some(server) = RedisServer::with(&["--cluster-enabled", "yes"]) else { return };
    let slots: String = (0..16_384).map(|slot| format!(" {slot}")).collect();
    let () = server.ask(&format!("CLUSTER ADDSLOTS{slots}")).await;
    until("the cluster is complete", async || {
        server.ask::<String>("CLUSTER INFO").await.contains("cluster_state:ok")
    })
    .await;
    let layer = RedisChannelLayer::new(&server.url()).unwrap();
    let mut slots = BTreeSet::new();
    for _ in 0..20 {
        let channel = channel();
        open(&layer, &channel).await.unwrap();
        layer.publish(&channel, FIRST, status("next")).await.unwrap();
        let caught_up = layer.catch_up(&channel, None).await.unwrap().unwrap();
        assert_eq!(caught_up.cursor.seq, 2);
        slots.insert(server.ask::<u16>(&format!("CLUSTER KEYSLOT liveops:{{{channel}}}")).await);
    }
    assert!(slots.len() > 1, "channels are spread over the cluster");
}

#[tokio::test]
async fn a_server_that_lost_its_scripts_is_given_them_again() {
    let Some(server) = RedisServer::start() else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    open(&layer, &channel).await.unwrap();
    let () = server.ask("SCRIPT FLUSH").await;
    layer.publish(&channel, FIRST, status("next")).await.unwrap();
    let () = server.ask("SCRIPT FLUSH").await;
    assert_eq!(layer.catch_up(&channel, None).await.unwrap().unwrap().cursor.seq, 2);
}

/// As the client of a cluster repeats a request whose answer was lost.
#[tokio::test]
async fn a_publication_that_is_repeated_takes_effect_once() {
    let Some(server) = RedisServer::start() else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    open(&layer, &channel).await.unwrap();
    let () = server.ask("CONFIG SET slowlog-log-slower-than 0").await;
    let line = vec![Fragment::append(Region::Log, 1, "line")];
    let taken = layer.publish(&channel, FIRST, Payload::Fragments(line)).await.unwrap();
    let log: Vec<(u64, u64, u64, Vec<String>, String, String)> = server.ask("SLOWLOG GET 9").await;
    let calls: Vec<_> = log.into_iter().map(|entry| entry.3).collect();
    let is_publication =
        |call: &&Vec<String>| call[0] == "EVALSHA" && call.contains(&"frame".into());
    let call = calls.iter().find(is_publication).expect("a call of the script");
    let again = redis::cmd("EVALSHA").arg(&call[1..]).to_owned();
    let (outcome, epoch, seq): (String, String, u64) =
        again.query_async(&mut connection).await.unwrap();
    assert_eq!((outcome.as_str(), format!("{epoch}:{seq}")), ("taken", taken.to_string()));
    assert_eq!(layer.catch_up(&channel, None).await.unwrap().unwrap().cursor, taken);
    // The next one is another one, also if it says the same.
    let line = vec![Fragment::append(Region::Log, 1, "line")];
    let next = layer.publish(&channel, FIRST, Payload::Fragments(line)).await.unwrap();
    assert_eq!(next.seq, taken.seq + 1);
}

#[tokio::test]
async fn a_subscriber_that_was_cut_off_is_told_and_hears_on() {
    let Some(server) = RedisServer::start() else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    let _: i64 = server.ask("CLIENT KILL TYPE pubsub").await;
    lost(&mut subscription).await;
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;
}

#[tokio::test]
async fn a_publisher_that_was_cut_off_publishes_on() {
    let Some(server) = RedisServer::start() else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    open(&layer, &channel).await.unwrap();
    for _ in 0..5 {
        let _: i64 = server.ask("CLIENT KILL TYPE normal SKIPME yes").await;
        // The first may find out that its connection is gone; then there is a new one.
        let _ = layer.publish(&channel, FIRST, status("lost, maybe")).await;
        layer.publish(&channel, FIRST, status("next")).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_subscribed_to_while_the_server_is_away_is_heard_when_it_is_back() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    assert!(layer.catch_up(&channel, None).await.is_err());
    server.start_again();
    lost(&mut subscription).await;
    until("it is published to", async || open(&layer, &channel).await.is_ok()).await;
    heard(&mut subscription).await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_arrives_any_more_is_replaced() {
    let Some(server) = RedisServer::start() else { return };
    let proxy = Proxy::start(server.address()).await;
    let layer = RedisChannelLayer::new(&proxy.redis_url()).unwrap();
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;

    proxy.swallow();
    let refused = layer.publish(&channel, FIRST, status("into the void")).await;
    assert!(matches!(refused, Err(PublishError::Backend(_))), "{refused:?}");

    // So often not only the one that publishes.
    proxy.has_hung_up(6).await;
    proxy.forward();
    lost(&mut subscription).await;
    until("it is published to", async || {
        layer.publish(&channel, FIRST, status("next")).await.is_ok()
    })
    .await;
    heard(&mut subscription).await;
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_an_error_that_says_so() {
    let Some(server) = RedisServer::start() else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    let () = server.ask(&format!("SET liveops:{{{channel}}} somebody-elses")).await;
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    assert!(matches!(open(&layer, &channel).await, Err(PublishError::Backend(_))));
    assert!(layer.catch_up(&channel, None).await.is_err());
    let _: i64 = server.ask(&format!("PUBLISH liveops:{{{channel}}} nonsense")).await;
    lost(&mut subscription).await;
}

/// Each way in which a server answers every request and refuses to write: its code, and the commands that begin
/// and end it.
const REFUSALS: [[&str; 3]; 8] = [
    ["OOM", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"],
    ["NOREPLICAS", "CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"],
    ["READONLY", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
    ["MASTERDOWN", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"],
    ["NOPERM", "ACL SETUSER live -@hash", "ACL SETUSER live +@hash"],
    ["NOPERM", "ACL SETUSER live -@scripting", "ACL SETUSER live +@scripting"],
    ["NOPERM", "ACL SETUSER live resetkeys ~other:*", "ACL SETUSER live allkeys"],
    ["NOPERM", "ACL SETUSER live resetchannels &other:*", "ACL SETUSER live allchannels"],
];

/// Has a server refuse, and accept again: the same layer says both, and goes on.
async fn refuses_for_a_while(
    server: &RedisServer,
    layer: &RedisChannelLayer,
    channel: &ChannelName,
    [code, begin, end]: [&str; 3],
) {
    let () = server.ask(begin).await;
    until(&format!("{begin} refuses"), async || {
        let refused = layer.publish(channel, FIRST, status("refused")).await;
        matches!(refused, Err(PublishError::Backend(_)))
    })
    .await;
    until(&format!("{begin} is told as {code}"), async || {
        let unready = layer.ping().await.expect_err(begin);
        unready.source().unwrap().to_string().starts_with(code)
    })
    .await;
    let () = server.ask(end).await;
    until(&format!("it is ready after {end}"), async || layer.ping().await.is_ok()).await;
    open(layer, channel).await.unwrap();
    layer.publish(channel, FIRST, status("accepted")).await.unwrap();
    assert!(layer.catch_up(channel, None).await.unwrap().is_some());
}

#[tokio::test]
async fn a_server_that_refuses_is_not_ready_and_is_used_again_when_it_accepts() {
    let Some(server) = RedisServer::start() else { return };
    let () = server.ask("ACL SETUSER live on >secret ~* &* +@all").await;
    let url = format!("redis://live:secret@{}/", server.address());
    let (layer, channel) = (RedisChannelLayer::new(&url).unwrap(), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    layer.ping().await.unwrap();
    for refusal in REFUSALS {
        let stale = if refusal[0] == "MASTERDOWN" { "no" } else { "yes" };
        let () = server.ask(&format!("CONFIG SET replica-serve-stale-data {stale}")).await;
        refuses_for_a_while(&server, &layer, &channel, refusal).await;
    }
    heard(&mut subscription).await;
}

#[tokio::test]
async fn a_server_that_cannot_save_is_not_ready_until_it_need_not() {
    let Some(server) = RedisServer::with(&["--save", "3600 1"]) else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    open(&layer, &channel).await.unwrap();
    server.lose_folder();
    let accept = "CONFIG SET stop-writes-on-bgsave-error no";
    refuses_for_a_while(&server, &layer, &channel, ["MISCONF", "BGSAVE SCHEDULE", accept]).await;
}

#[tokio::test]
async fn a_server_that_loads_its_data_is_not_ready_until_it_has() {
    // Each key takes 50 ms.
    let slow = ["--rdbcompression", "no", "--key-load-delay", "50000"];
    let answering = ["--loading-process-events-interval-bytes", "1024"];
    let Some(mut server) = RedisServer::with(&[&slow[..], &answering].concat()) else { return };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    for n in 0..30 {
        let () = server.ask(&format!("SET {n} {}", "x".repeat(2_000))).await;
    }
    let () = server.ask("SAVE").await;
    server.kill();
    let starting = tokio::task::spawn_blocking(move || {
        server.start_again();
        server
    });
    until("it is told that it loads", async || {
        let unready = layer.ping().await.expect_err("it loads").source().unwrap().to_string();
        unready.starts_with("LOADING")
    })
    .await;
    let _server = starting.await.unwrap();
    until("it is ready", async || layer.ping().await.is_ok()).await;
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;
}

#[tokio::test]
async fn a_refusal_is_warned_about_once_a_minute_with_what_to_do() {
    let Some(server) = RedisServer::start() else { return };
    let log = Log::begin();
    let warnings = |code: &str| {
        let lines = log.lines().into_iter();
        lines.filter(|line| line.level == Level::WARN && line.text.contains(code)).count()
    };
    let (layer, channel) = (RedisChannelLayer::new(&server.url()).unwrap(), channel());
    open(&layer, &channel).await.unwrap();
    for (code, begin) in [
        ("OOM command not allowed when used memory > 'maxmemory'", "CONFIG SET maxmemory 1"),
        ("`maxmemory`", "CONFIG SET maxmemory 1"),
        ("NOREPLICAS Not enough good replicas", "CONFIG SET min-replicas-to-write 1"),
    ] {
        let () = server.ask(begin).await;
        for _ in 0..20 {
            layer.publish(&channel, FIRST, status("refused")).await.unwrap_err();
        }
        assert_eq!(warnings(code), 1, "{:?}", log.lines());
    }
    let () = server.ask("CONFIG SET maxmemory 0").await;
    let () = server.ask("CONFIG SET min-replicas-to-write 0").await;
    until("it is published to", async || open(&layer, &channel).await.is_ok()).await;
    let told = log.lines().iter().filter(|line| line.text.contains("accepts writes again")).count();
    assert_eq!(told, 1, "{:?}", log.lines());
}

/// A node of a cluster answers for its own slots alone.
#[tokio::test]
async fn a_node_of_a_cluster_that_is_used_as_a_single_server_is_not_ready() {
    let Some(cluster) = RedisCluster::shared().await else { return };
    for server in cluster.servers() {
        let layer = RedisChannelLayer::new(&server.url()).unwrap();
        let unready = layer.ping().await.unwrap_err().source().unwrap().to_string();
        assert!(unready.starts_with("MOVED") && unready.contains("redis-cluster://"), "{unready}");
    }
}

/// A failover behind one address: the old master is a replica now, and the connections to it live on.
#[tokio::test]
async fn a_server_that_became_a_replica_is_left_by_publishers_and_subscribers() {
    let (Some(old), Some(new)) = (RedisServer::start(), RedisServer::start()) else { return };
    let address = Proxy::start(old.address()).await;
    let layer = RedisChannelLayer::new(&address.redis_url()).unwrap();
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;

    address.lead_to(new.address());
    let () = old.ask("REPLICAOF 127.0.0.1 1").await;
    until("the new master is published to", async || open(&layer, &channel).await.is_ok()).await;
    let told = async {
        lost(&mut subscription).await;
        layer.publish(&channel, FIRST, status("next")).await.unwrap();
        heard(&mut subscription).await;
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("the subscriber is told");
}

/// A process that only listens writes nothing that an old master could refuse.
#[tokio::test]
async fn a_server_that_became_a_replica_is_left_by_a_process_that_only_subscribes() {
    let (Some(old), Some(new)) = (RedisServer::start(), RedisServer::start()) else { return };
    let address = Proxy::start(old.address()).await;
    let layer = RedisChannelLayer::new(&address.redis_url()).unwrap();
    let channel = channel();
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    address.lead_to(new.address());
    let () = old.ask("REPLICAOF 127.0.0.1 1").await;
    let publisher = RedisChannelLayer::new(&new.url()).unwrap();
    let told = async {
        lost(&mut subscription).await;
        open(&publisher, &channel).await.unwrap();
        heard(&mut subscription).await;
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("the subscriber is told");
}

#[test]
fn what_is_no_url_of_a_server_is_refused() {
    for url in [
        "",
        "localhost",
        "http://localhost/",
        "redis://localhost/first",
        "redis-cluster://localhost/1",
        "redis-sentinel://localhost/",
    ] {
        let error = RedisChannelLayer::new(url).unwrap_err();
        assert!(error.to_string().contains("the Redis URL"), "{url}: {error}");
    }
}
