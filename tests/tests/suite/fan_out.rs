//! Many clients of one operation.

use futures_util::future::join_all;
use liveops::{ChannelName, Config, LiveOperation, Progress, Run, RunResult, SigningKeys, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{
    app::{Gate, TestApp},
    server::Server,
    socket::Socket,
};

const CLIENTS: usize = 200;

const STATUSES: usize = 60;

/// Reports a number, from 0 up, each time the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Numbers;

impl Run for Numbers {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for number in 0..STATUSES {
            p.state().pass().await;
            p.status(format!("number={number} "));
        }
        p.state().pass().await;
        Ok(())
    }
}

/// The next number is reported when the slowest client has seen the last one, so that no two come
/// to one look, whatever the machine does meanwhile.
#[tokio::test]
async fn every_client_gets_every_status_in_order() {
    let keys = SigningKeys::new(["a secret of exactly thirty-two b"]).unwrap();
    let mut config = Config::default();
    config.throttle_hz = 1_000.0;
    config.connections_per_viewer_max = CLIENTS;
    let app = TestApp::with(|builder| {
        builder.config(config).signing_keys(keys.clone()).register::<Numbers>()
    })
    .await;
    let server = Server::start(app.router.clone()).await;
    let id = app.liveops.enqueue(Numbers, "ann").await.unwrap();
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

fn number(message: &Value) -> Option<usize> {
    let (_, rest) = message["liveop_html"].as_str()?.split_once("number=")?;
    rest.split(' ').next()?.parse().ok()
}
