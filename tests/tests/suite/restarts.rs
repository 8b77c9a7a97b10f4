//! What clients see of a server that is stopped for a new version.

use std::time::Duration;

use crate::support::{
    app::Steps,
    events::Events,
    served::{Served, is_subscribed},
};

#[tokio::test]
async fn a_shutdown_sends_every_client_away_to_come_again() {
    let served = Served::start().await;
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the subscription", is_subscribed).await;
    let list = served.server.url("/live/events");
    let operation = served.server.url(&format!("/live/test.steps/{id}/events"));
    let mut streams = [Events::open(&list, &[]).await, Events::open(&operation, &[]).await];

    served.app.liveops.shutdown(Duration::from_millis(100)).await;
    assert_eq!(socket.closed().await, 1012);
    for stream in &mut streams {
        stream.ends().await;
    }
}
