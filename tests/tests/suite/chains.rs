//! Operations that hand their page over to the next one.

use std::time::Duration;

use liveops::{
    Config, LiveOperation, OperationId, OperationState, Progress, Run, RunResult,
    channel::MemoryChannelLayer, testing::Socket,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{
    app::{Gate, TestApp},
    browser::Browser,
    proxy::Proxy,
    served::{Served, html, is_subscribed, until},
};

/// Hands over to itself until nothing is left.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Relay {
    left: u32,
}

impl Run for Relay {
    type Output = u32;

    async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
        p.status(format!("{} left", self.left));
        p.state().pass().await;
        if self.left > 0 {
            p.chain_to(Self { left: self.left - 1 });
        }
        Ok(self.left)
    }
}

const LINKS: usize = 3;

async fn serve(layer: MemoryChannelLayer) -> Served {
    Served::build(Config::default(), |builder| builder.channel_layer(layer).register::<Relay>())
        .await
}

/// Runs the whole chain that begins with this operation, and gives the ids of its links.
async fn run_chain(app: &TestApp, first: OperationId) -> Vec<OperationId> {
    app.gate.open(LINKS);
    let mut links = vec![first];
    loop {
        let link = *links.last().unwrap();
        app.reaches(link, OperationState::FinishedOk).await;
        match app.next_of(link).await {
            Some(next) => links.push(next.operation_id()),
            None => return links,
        }
    }
}

/// Follows a chain as a page does, from a place in its first link, and gives the channels that it
/// came through.
async fn follow_chain(
    socket: &mut Socket,
    served: &Served,
    first: OperationId,
    since: &str,
) -> Vec<String> {
    served.follow(socket, first, Some(since)).await;
    let mut channels = Vec::new();
    loop {
        let messages = until(socket, is_subscribed).await;
        channels.push(messages.last().unwrap()["channel"].as_str().unwrap().to_owned());
        assert!(messages.iter().any(|m| m["liveop_finished"].is_object()), "{messages:?}");
        let Some(chain) = messages.iter().find(|m| m["liveop_chain"].is_object()) else {
            return channels;
        };
        assert!(html(chain).contains("hx-swap-oob=\"outerHTML:#op-"), "{chain}");
        let next = &chain["liveop_chain"];
        socket.send(&serde_json::json!({ "type": "subscribe", "token": next["token"] })).await;
    }
}

async fn arrives_at_the_last_link_after_being_away(layer: MemoryChannelLayer) {
    let served = serve(layer).await;
    let first = served.app.liveops.enqueue(Relay { left: 2 }, "ann").await.unwrap();
    let mut socket = served.connect().await;
    served.follow(&mut socket, first, None).await;
    let begun = until(&mut socket, |m| html(m).contains("2 left")).await;
    let place = begun.last().unwrap()["cursor"].as_str().unwrap().to_owned();
    drop(socket);

    let links = run_chain(&served.app, first).await;
    assert_eq!(links.len(), LINKS);
    let mut socket = served.connect().await;
    let channels = follow_chain(&mut socket, &served, first, &place).await;
    let expected: Vec<String> = links.iter().map(|id| format!("liveop.{id}")).collect();
    assert_eq!(channels, expected);
}

#[tokio::test]
async fn a_client_that_was_away_arrives_at_the_last_of_three_links() {
    arrives_at_the_last_link_after_being_away(MemoryChannelLayer::new()).await;
}

#[tokio::test]
async fn a_client_that_was_away_until_only_the_rows_are_left_arrives_there_too() {
    let forgetful = MemoryChannelLayer::new().with_retention(Duration::ZERO);
    arrives_at_the_last_link_after_being_away(forgetful).await;
}

#[tokio::test]
async fn every_link_of_a_chain_keeps_its_own_page() {
    let served = serve(MemoryChannelLayer::new()).await;
    let first = served.app.liveops.enqueue(Relay { left: 2 }, "ann").await.unwrap();
    let links = run_chain(&served.app, first).await;
    let url = |id: &OperationId| format!("/live/test.relay/{id}/");
    for (place, id) in links.iter().enumerate() {
        let page = served.app.get(&url(id)).await;
        assert_eq!(page.status.as_u16(), 200);
        assert!(page.body.contains(&format!("id=\"op-{id}\"")), "{}", page.body);
        let next = links.get(place + 1);
        let leads_on =
            next.is_some_and(|next| page.body.contains(&format!("href=\"{}\"", url(next))));
        assert_eq!(leads_on, next.is_some(), "{}", page.body);
    }
}

#[tokio::test]
async fn a_page_that_was_offline_during_the_hand_over_arrives_at_the_last_link() {
    let Some(browser) = Browser::open().await else { return };
    let served = serve(MemoryChannelLayer::new()).await;
    let proxy = Proxy::start(served.server.address()).await;
    let first = served.app.liveops.enqueue(Relay { left: 2 }, "ann").await.unwrap();
    browser.goto(&proxy.url(&format!("/live/test.relay/{first}/"))).await;
    browser.wait_for(".op-connection[data-connection=connected]").await;
    proxy.cut();
    browser.wait_for(".op-connection[data-connection=reconnecting]").await;
    let links = run_chain(&served.app, first).await;
    proxy.forward();
    let last = links.last().unwrap();
    browser.wait_for(&format!("[id='op-{last}'][data-liveop-state=FINISHED_OK]")).await;
    let shown = browser.evaluate("document.querySelectorAll('.liveop').length").await;
    assert_eq!(shown, Value::from(1));
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn one_socket_carries_a_page_through_the_whole_chain() {
    let Some(browser) = Browser::open().await else { return };
    let served = serve(MemoryChannelLayer::new()).await;
    let first = served.app.liveops.enqueue(Relay { left: 2 }, "ann").await.unwrap();
    browser.goto(&served.server.url(&format!("/live/test.relay/{first}/"))).await;
    browser.wait_for(".op-connection[data-connection=connected]").await;
    browser
        .evaluate(
            "(() => { window.sockets = 0; const Socket = WebSocket; \
             window.WebSocket = class extends Socket { \
                 constructor(...args) { super(...args); window.sockets++; } }; return true; })()",
        )
        .await;
    let links = run_chain(&served.app, first).await;
    let last = links.last().unwrap();
    browser.wait_for(&format!("[id='op-{last}'][data-liveop-state=FINISHED_OK]")).await;
    assert_eq!(browser.evaluate("window.sockets").await, Value::from(0));
}
