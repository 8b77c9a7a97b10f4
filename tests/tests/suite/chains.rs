//! Operations that hand their page over to the next one.

use std::time::Duration;

use liveops::{
    Config, LiveOperation, LiveOps, OperationId, OperationState, Progress, Run, RunResult,
    RunnerKind,
    channel::MemoryChannelLayer,
    runner::{Builder, CancelOutcome},
    store::ListFilter,
    testing::Socket,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::{
    app::{ChainStart, Gate, Greeting, TestApp},
    browser::Browser,
    database::on_every_database,
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
        let before = place.checked_sub(1).map(|before| &links[before]);
        let leads_back = before.is_some_and(|before| {
            page.body.contains(&format!("Continued from <a href=\"{}\">", url(before)))
        });
        assert_eq!(leads_back, before.is_some(), "{}", page.body);
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
    let shown = "[...document.querySelectorAll('.liveop')].map(({ id }) => id)";
    let all: Vec<String> = links.iter().map(|id| format!("op-{id}")).collect();
    assert_eq!(browser.evaluate(shown).await, Value::from(all));
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

/// Hands over to the only [`Archive`] of its owner.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate)]
struct Pack;

impl Run for Pack {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.chain_to(Archive);
        p.state().pass().await;
        Ok(())
    }
}

/// Waits for the gate.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, unique = "input", queue = "archive")]
struct Archive;

impl Run for Archive {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.state().pass().await;
        Ok(())
    }
}

async fn count(liveops: &LiveOps, op_type: &str) -> u64 {
    liveops.count(&ListFilter::new().with_op_type(op_type)).await.unwrap()
}

on_every_database! {
    async fn the_owner_finds_both_neighbours_of_an_operation_in_its_json(db: TestDatabase) {
        let app = TestApp::on(&db.url(), Builder::register::<Relay>).await;
        let first = app.liveops.enqueue(Relay { left: 2 }, "ann").await.unwrap();
        let links = run_chain(&app, first).await;
        let id = |id: Option<&OperationId>| id.map_or(Value::Null, |id| id.to_string().into());
        for (place, link) in links.iter().enumerate() {
            let json = app.ask("GET", &format!("/live/test.relay/{link}/")).await.json();
            let before = place.checked_sub(1).and_then(|before| links.get(before));
            assert_eq!(json["chained_from"], id(before), "{json}");
            assert_eq!(json["chained_to"], id(links.get(place + 1)), "{json}");
        }
    }

    async fn an_operation_whose_predecessor_was_pruned_leads_nowhere(db: TestDatabase) {
        let app = TestApp::on(&db.url(), Builder::register::<Relay>).await;
        let first = app.liveops.enqueue(Relay { left: 1 }, "ann").await.unwrap();
        app.gate.open(1);
        app.ends(first).await;
        let next = app.next_of(first).await.unwrap().operation_id();
        let path = format!("/live/test.relay/{next}/");
        assert!(app.get(&path).await.body.contains("Continued from"));
        assert_eq!(app.liveops.prune(Duration::ZERO).await.unwrap(), 1);
        let page = app.get(&path).await;
        assert_eq!(page.status.as_u16(), 200);
        assert!(!page.body.contains("Continued from"), "{}", page.body);
        assert_eq!(app.ask("GET", &path).await.json()["chained_from"], Value::Null);
    }

    async fn a_cancel_request_ends_a_chain_although_its_first_link_ends_well(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder).await;
        let id = app.liveops.enqueue(ChainStart { name: "Ann".into() }, "ann").await.unwrap();
        app.reaches(id, OperationState::Started).await;
        // Another process takes the request, and the run does not check for it.
        let elsewhere = app.elsewhere(|builder| builder);
        assert_eq!(elsewhere.cancel(id).await.unwrap(), CancelOutcome::Requested);
        app.gate.open(1);
        app.ends(id).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!(row.state(), OperationState::Cancelled, "{row:?}");
        assert_eq!((row.chained_to, row.result_context), (None, None));
        assert_eq!(count(&app.liveops, Greeting::OP_TYPE).await, 0);
        let page = app.get(&format!("/live/test.chain_start/{id}/")).await.body;
        assert!(page.contains("data-liveop-state=\"CANCELLED\"") && page.contains("Retry"), "{page}");

        // A retry takes the request back.
        app.gate.open(1);
        app.liveops.retry(id).await.unwrap();
        app.reaches(id, OperationState::FinishedOk).await;
        assert_eq!(count(&app.liveops, Greeting::OP_TYPE).await, 1);
    }

    async fn an_eager_chain_ends_at_its_first_link_after_a_cancel_request(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder.runner(RunnerKind::Eager)).await;
        let elsewhere = app.elsewhere(|builder| builder);
        let start = ChainStart { name: "Ann".into() };
        let cancelled = async {
            let filter = ListFilter::new().with_state(OperationState::Started);
            let id = loop {
                match elsewhere.list(&filter, 1).await.unwrap().first() {
                    Some(row) => break row.operation_id(),
                    None => tokio::task::yield_now().await,
                }
            };
            assert_eq!(elsewhere.cancel(id).await.unwrap(), CancelOutcome::Requested);
            app.gate.open(1);
        };
        let (id, ()) = tokio::join!(app.liveops.enqueue(start, "ann"), cancelled);
        let row = app.liveops.find(id.unwrap()).await.unwrap().unwrap();
        assert_eq!((row.state(), row.chained_to), (OperationState::Cancelled, None));
        assert_eq!(count(&app.liveops, Greeting::OP_TYPE).await, 0);
    }

    async fn a_cancelled_link_leaves_the_existing_operation_that_it_chained_to(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| {
            let mut config = Config::default();
            config.queues = vec!["default".to_owned()];
            builder.register::<Pack>().register::<Archive>().config(config)
        })
        .await;
        let elsewhere = app.elsewhere(|builder| builder.register::<Pack>().register::<Archive>());
        let archive = elsewhere.enqueue(Archive, "ann").await.unwrap();
        let before = app.liveops.find(archive).await.unwrap();
        let id = app.liveops.enqueue(Pack, "ann").await.unwrap();
        app.reaches(id, OperationState::Started).await;
        elsewhere.cancel(id).await.unwrap();
        app.gate.open(1);
        app.ends(id).await;
        let row = app.liveops.find(id).await.unwrap().unwrap();
        assert_eq!((row.state(), row.chained_to), (OperationState::Cancelled, None));
        assert_eq!(app.liveops.find(archive).await.unwrap(), before);
    }

    async fn a_cancel_request_comes_after_the_end_or_no_next_operation_starts(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder).await;
        let elsewhere = app.elsewhere(|builder| builder);
        let mut ends = [0, 0];
        for round in 0..40 {
            let start = ChainStart { name: round.to_string() };
            let id = app.liveops.enqueue(start, "ann").await.unwrap();
            app.reaches(id, OperationState::Started).await;
            let turns = async |turns: u32| {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            };
            let end = async {
                turns(round % 2 * (round % 20)).await;
                app.gate.open(1);
            };
            let cancel = async {
                turns((round + 1) % 2 * (round % 20)).await;
                elsewhere.cancel(id).await.unwrap()
            };
            let (cancelled, ()) = tokio::join!(cancel, end);
            app.ends(id).await;
            let row = app.liveops.find(id).await.unwrap().unwrap();
            match (cancelled, row.state(), row.chained_to) {
                (CancelOutcome::Ended, OperationState::FinishedOk, Some(_)) => ends[0] += 1,
                (CancelOutcome::Requested, OperationState::Cancelled, None) => ends[1] += 1,
                other => panic!("round {round}: {other:?}"),
            }
        }
        assert!(ends[1] > 0, "no request came before the end: {ends:?}");
    }
}
