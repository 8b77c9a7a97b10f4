//! One viewer who takes all they can get takes nothing from anybody else.

use futures_util::future::join_all;
use liveops::{ChannelName, Config, UserId, channel::MemoryChannelLayer, testing::Socket};
use serde_json::{Value, json};

use crate::support::{
    app::Steps,
    events::Events,
    served::{Served, is_subscribed},
};

const CONNECTIONS_MAX: usize = 8;

async fn served() -> Served {
    let mut config = Config::default();
    config.connections_per_viewer_max = CONNECTIONS_MAX;
    Served::with(config, MemoryChannelLayer::new()).await
}

/// Connects and follows the viewer's own list; gives the code of who refused that.
async fn follow_list(served: &Served, viewer: &str) -> Result<Socket, u16> {
    let url = served.server.socket_url("/live/ws");
    let mut socket = Socket::connect(&url, &[("x-user", viewer)]).await;
    let token = served.token(viewer, &ChannelName::owner(&UserId::from(viewer)));
    let subscribe = json!({ "type": "subscribe", "token": token }).to_string();
    // Whoever is refused may be so before this is sent.
    let _ = socket.try_send(subscribe.into()).await;
    socket.next_or_close(is_subscribed).await.map(|_| socket)
}

/// So many clients at once: those that got in, and the codes of the others.
async fn storm(served: &Served, viewer: &str, clients: usize) -> (Vec<Socket>, Vec<u16>) {
    let mut open = Vec::new();
    let mut refused = Vec::new();
    for client in join_all((0..clients).map(|_| follow_list(served, viewer))).await {
        match client {
            Ok(socket) => open.push(socket),
            Err(code) => refused.push(code),
        }
    }
    (open, refused)
}

#[tokio::test]
async fn a_storm_of_connections_gets_what_one_viewer_may_have() {
    let served = served().await;
    // Twice, because every place that was taken has to be free again.
    for _ in 0..2 {
        let (storm_of_ann, storm_of_bob) =
            tokio::join!(storm(&served, "ann", 100), storm(&served, "bob", CONNECTIONS_MAX));
        let (open, refused) = storm_of_ann;
        assert_eq!(open.len(), CONNECTIONS_MAX);
        assert_eq!(refused, [4429; 100 - CONNECTIONS_MAX]);
        let (bobs, refused) = storm_of_bob;
        assert_eq!((bobs.len(), refused), (CONNECTIONS_MAX, Vec::new()), "bob is not disturbed");
        join_all(open.into_iter().chain(bobs).map(Socket::close)).await;
    }
}

#[tokio::test]
async fn streams_and_sockets_share_what_one_viewer_may_have() {
    let served = served().await;
    let url = served.server.url("/live/events");
    let streams = join_all((0..CONNECTIONS_MAX - 1).map(|_| Events::open(&url, &[]))).await;
    let last = follow_list(&served, "ann").await.unwrap();
    let refused = Events::try_open(&url, &[]).await;
    assert_eq!(refused.err().map(|status| status.as_u16()), Some(429));
    assert_eq!(follow_list(&served, "ann").await.err(), Some(4429));
    assert!(follow_list(&served, "bob").await.is_ok());

    last.close().await;
    assert!(follow_list(&served, "ann").await.is_ok(), "the place is free again");
    drop(streams);
}

#[tokio::test]
async fn a_flood_of_messages_ends_its_connection_and_no_other() {
    let served = served().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut good = served.connect().await;
    served.follow(&mut good, id, None).await;
    good.next_matching("the subscription", is_subscribed).await;

    let list = ChannelName::owner(&UserId::from("ann"));
    for message in [
        json!({ "type": "pong" }),
        json!({ "type": "subscribe", "token": served.token("ann", &list) }),
        json!({ "type": "unsubscribe", "channel": list.as_str() }),
        json!({ "type": "ack", "channel": list.as_str(), "cursor": "1.00000001:1" }),
    ] {
        let mut flood = follow_list(&served, "ann").await.unwrap();
        // More than are handled in time at whatever speed this machine has today.
        for _ in 0..3_000 {
            if flood.try_send(message.to_string().into()).await.is_err() {
                break;
            }
        }
        let told = flood.next_or_close(|m| m["type"] == "error").await.unwrap();
        assert_eq!(told, json!({ "type": "error", "code": 4429, "message": "too many messages" }));
        assert_eq!(flood.closed().await, 4429);
    }
    served.app.gate.open(3);
    let is_end = |m: &Value| m["liveop_finished"].is_object();
    good.next_matching("the end", is_end).await;
}
