//! What the channel layer over Redis makes of a server, and leaves on it.

use std::{collections::BTreeSet, time::Duration};

use liveops::{
    Attempt, ChannelName, OperationId, OperationState, UserId,
    channel::{
        ChannelLayer, Delivery, Finished, Fragment, ListChange, Notice, OpenedBy, Payload,
        PublishError, RedisChannelLayer, Region, Signal, Subscription,
    },
};

use redis::TlsCertificates;

use crate::{
    program::free_port,
    support::{proxy::Proxy, redis::RedisServer, until::until},
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
    let heard_of = async || -> Vec<String> { server.ask("PUBSUB CHANNELS").await };
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

#[tokio::test]
async fn a_user_of_an_acl_needs_no_more_than_the_docs_say() {
    let Some(server) = RedisServer::start() else { return };
    let () = server
        .ask(
            "ACL SETUSER live on >secret resetchannels &liveops:* ~liveops:* +@connection \
             +@scripting +@pubsub +@hash +select +del +pexpire",
        )
        .await;
    let () = server.ask("ACL SETUSER default -@all +acl").await;
    let url = format!("redis://live:secret@{}/2", server.address());
    let (layer, channel) = (RedisChannelLayer::new(&url).unwrap(), channel());
    let mut subscription = layer.subscribe(&channel).await.unwrap();
    open(&layer, &channel).await.unwrap();
    heard(&mut subscription).await;
    assert!(layer.catch_up(&channel, None).await.unwrap().is_some());
    assert!(!format!("{layer:?}").contains("secret"));

    let elsewhere = RedisChannelLayer::new(&url).unwrap().with_prefix("other:");
    let refused = open(&elsewhere, &channel).await;
    assert!(matches!(refused, Err(PublishError::Backend(_))), "{refused:?}");
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

#[test]
fn what_is_no_url_of_a_server_is_refused() {
    for url in ["", "localhost", "http://localhost/", "redis://localhost/first"] {
        let error = RedisChannelLayer::new(url).unwrap_err();
        assert!(error.to_string().contains("the Redis URL"), "{error}");
    }
}
