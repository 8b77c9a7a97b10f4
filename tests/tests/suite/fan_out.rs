//! Many clients of one operation.

use futures_util::future::join_all;
use liveops::{
    ChannelName, Config, SigningKeys, UserId,
    testing::{Server, Socket},
};
use serde_json::json;

use crate::support::{
    app::TestApp,
    numbers::{Numbers, number},
};

const CLIENTS: usize = 200;

const STATUSES: usize = 60;

/// The next number is reported when the slowest client has seen the last one, so that no two come
/// to one look, whatever the machine does meanwhile.
#[tokio::test]
async fn every_client_gets_every_status_in_order() {
    let keys = SigningKeys::new(["a secret of exactly thirty-two b"]).unwrap();
    let mut config = Config::default();
    config.throttle_hz = 1_000.0;
    config.connections_per_viewer_max = CLIENTS;
    let app = TestApp::with(|builder| builder.config(config).signing_keys(keys.clone())).await;
    let server = Server::start(app.router.clone()).await;
    let id = app.liveops.enqueue(Numbers { count: STATUSES }, "ann").await.unwrap();
    let token = keys.sign(&UserId::from("ann"), &ChannelName::operation(id)).unwrap();

    let connect = async || {
        let mut client = Socket::connect(&server.socket_url("/live/ws"), &[]).await;
        client.send(&json!({ "type": "subscribe", "token": token.as_str() })).await;
        client.next_matching("the subscription", |m| m["type"] == "subscribed").await;
        client
    };
    let mut clients = join_all((0..CLIENTS).map(|_| connect())).await;

    for expected in 0..STATUSES {
        app.gate.open(1);
        for client in &mut clients {
            let message = client.next_matching("a number", |m| number(m).is_some()).await;
            assert_eq!(number(&message), Some(expected));
        }
    }
    app.gate.open(1);
    for client in &mut clients {
        client.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    }
}
