//! Frames that get lost between the channel layer and the process that serves a client.

use std::{future, time::Duration};

use futures_util::FutureExt;
use liveops::{
    Config,
    channel::{Payload, Signal},
};

use crate::support::{
    app::Steps,
    events::Events,
    layer::{HookedLayer, LossyLayer},
    served::{Served, html, is_subscribed},
};

async fn serve(layer: &LossyLayer) -> Served {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    Served::with(config, layer.clone()).await
}

#[tokio::test]
async fn an_end_that_got_lost_is_found_when_the_channel_is_quiet() {
    let layer = LossyLayer::default();
    let served = serve(&layer).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the first stage", |m| html(m).contains("entered Load")).await;
    let url = served.server.url(&format!("/live/test.steps/{id}/events"));
    let mut events = Events::open(&url, &[]).await;
    events.until(is_subscribed).await;

    layer.lose();
    served.app.gate.open(3);
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    assert_eq!(end["liveop_finished"]["state"], "FINISHED_OK");
    events.until(|message| message["liveop_finished"].is_object()).await;
}

#[tokio::test]
async fn an_end_that_was_committed_and_that_nobody_told_is_found_in_the_row() {
    let layer = HookedLayer::new(|_, payload| match payload {
        // Whoever was to say it is gone.
        Payload::Signal(Signal::Finished(_)) => future::pending().boxed(),
        _ => future::ready(()).boxed(),
    });
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(1);
    let served = Served::with(config, layer).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the first stage", |m| html(m).contains("entered Load")).await;
    served.app.gate.open(3);
    let end = socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
    assert_eq!(end["liveop_finished"]["state"], "FINISHED_OK");
}

#[tokio::test]
async fn clients_of_a_subscription_that_ended_are_sent_away_to_come_again() {
    let layer = LossyLayer::default();
    let served = serve(&layer).await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    layer.end_subscriptions();
    assert_eq!(socket.closed().await, 1011);

    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    served.app.gate.open(3);
    socket.next_matching("the end", |m| m["liveop_finished"].is_object()).await;
}
