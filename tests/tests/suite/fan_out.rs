//! Many clients of one operation.

use std::collections::BTreeSet;

use demo::operations::{EchoTask, EndlessTask};
use futures_util::future::join_all;
use liveops::{
    ChannelName, OperationId, UserId,
    channel::{Delivery, Payload},
    projection::Region,
};
use serde_json::json;

use crate::support::{demo::ServedDemo, socket::Socket};

const CLIENTS: usize = 200;

#[tokio::test]
async fn every_client_gets_every_status_in_order() {
    let demo = ServedDemo::with(|settings| {
        settings.liveops.throttle_hz = 1_000.0;
        settings.liveops.concurrency_max = 1;
        settings.liveops.connections_per_viewer_max = CLIENTS;
    })
    .await;
    let liveops = demo.demo.liveops();
    // The echo waits behind another operation until every client is there.
    let before = liveops.enqueue(EndlessTask {}, "ann").await.unwrap();
    let echo: EchoTask = serde_json::from_value(json!({ "hz": 20, "seconds": 3 })).unwrap();
    let echo = liveops.enqueue(echo, "ann").await.unwrap();
    let mut witness =
        liveops.channel_layer().subscribe(&ChannelName::operation(echo)).await.unwrap();
    let cookie = sign_in(&demo).await;
    let clients = join_all((0..CLIENTS).map(|_| connect(&demo, &cookie, echo))).await;
    liveops.cancel(before).await.unwrap();

    let clients = clients.into_iter().map(|socket| tokio::spawn(statuses(socket)));
    let received = join_all(clients).await;

    let mut published = Vec::new();
    while let Delivery::Frame(frame) = witness.next().await.unwrap().unwrap() {
        match &frame.payload {
            Payload::Fragments(fragments) => {
                let status = fragments.iter().find(|fragment| fragment.region == Region::Status);
                published.extend(status.and_then(|status| time(&status.html)));
            }
            Payload::Signal(_) => break,
        }
    }
    published.dedup();
    // How many of the 60 that were sent is the machine's affair: when it stands still for a moment,
    // several come to one look.
    assert!(published.len() > 1, "60 statuses were sent, {} published", published.len());
    assert!(published.is_sorted());
    let distinct: BTreeSet<Vec<u128>> = received.into_iter().map(Result::unwrap).collect();
    assert_eq!(distinct, BTreeSet::from([published]), "some client saw something else");
}

async fn sign_in(demo: &ServedDemo) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let login = http.build().unwrap().post(demo.server.url("/login")).form(&[("user", "ann")]);
    let answer = login.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

async fn connect(demo: &ServedDemo, cookie: &str, id: OperationId) -> Socket {
    let page = reqwest::Client::new()
        .get(demo.server.url(&format!("/live/demo.echo_task/{id}/")))
        .header("cookie", cookie)
        .header("accept", "application/json");
    let operation: serde_json::Value = page.send().await.unwrap().json().await.unwrap();
    assert_eq!(operation["owner"], UserId::from("ann").as_str());
    let url = demo.server.socket_url("/live/ws");
    let mut socket = Socket::connect(&url, &[("cookie", cookie)]).await;
    socket.send(&json!({ "type": "subscribe", "token": operation["token"] })).await;
    socket.next_matching("the subscription", |m| m["type"] == "subscribed").await;
    socket
}

/// The times of all statuses up to the end.
async fn statuses(mut socket: Socket) -> Vec<u128> {
    let mut times = Vec::new();
    loop {
        let message = socket.next().await;
        if message["liveop_finished"].is_object() {
            times.dedup();
            return times;
        }
        times.extend(message["liveop_html"].as_str().and_then(time));
    }
}

fn time(html: &str) -> Option<u128> {
    let (_, rest) = html.split_once("t=")?;
    rest.split(' ').next()?.parse().ok()
}
