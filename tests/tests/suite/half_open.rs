//! Connections whose other end is gone without a word.

use std::time::Duration;

use liveops::{Config, channel::MemoryChannelLayer, testing::Socket};

use crate::support::{
    app::Steps,
    proxy::Proxy,
    served::{Served, is_subscribed},
};

/// One connection may be open at a time, and is asked for a sign of life every second.
async fn serve_one() -> Served {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    config.connections_per_viewer_max = 1;
    Served::with(config, MemoryChannelLayer::new()).await
}

#[tokio::test]
async fn a_client_that_went_silent_is_let_go_of() {
    let served = serve_one().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let proxy = Proxy::start(served.server.address()).await;
    let mut lost = Socket::connect(&proxy.socket_url("/live/ws"), &[]).await;
    served.follow(&mut lost, id, None).await;
    lost.next_matching("the subscription", is_subscribed).await;

    let mut refused = served.connect().await;
    assert_eq!(refused.closed().await, 4429, "its place is taken");
    proxy.swallow();
    proxy.has_hung_up(1).await;
    let mut next = served.connect().await;
    served.follow(&mut next, id, None).await;
    next.next_matching("the subscription", is_subscribed).await;
}

#[tokio::test]
async fn a_client_that_answers_stays() {
    let served = serve_one().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    // The client answers protocol pings by itself, while it reads.
    for _ in 0..4 {
        socket.next_matching("a sign of life", |message| message["type"] == "ping").await;
    }
    served.app.gate.open(3);
    socket.next_matching("the end", |message| message["liveop_finished"].is_object()).await;
}

#[tokio::test]
async fn a_client_stays_whose_server_was_held_up() {
    let served = serve_one().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    // Nothing else of this process goes on either.
    std::thread::sleep(Duration::from_secs(3));
    served.app.gate.open(3);
    socket.next_matching("the end", |message| message["liveop_finished"].is_object()).await;
}
