//! What pages can build on: the events of liveops.js, and that it leaves everything else alone.

use liveops::{LiveOperation, OperationState};
use serde_json::{Value, json};

use crate::support::{
    app::{ChainStart, Greeting, Steps},
    browser::Browser,
    watched::{CONNECTED, WatchedApp},
};

/// Writes down every event of liveops.js from the start of each document, in `window.told`.
const EVENTS: &str = "window.told = [];
    for (const name of ['update', 'finished', 'connection', 'error']) {
        addEventListener('liveop:' + name, ({ target, detail }) => {
            told.push([name, target.id || target.nodeName, detail]);
        });
    }";

async fn told(browser: &Browser, name: &str) -> Vec<Value> {
    let told = browser.evaluate(&format!("told.filter(([told]) => told === '{name}')")).await;
    told.as_array().unwrap().clone()
}

#[tokio::test]
async fn every_change_is_told_to_the_page() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(EVENTS).await;
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    let container = format!("op-{id}");
    let channel = format!("liveop.{id}");
    let socket = served.proxy.socket_url("/live/ws");
    assert_eq!(
        told(&browser, "connection").await,
        [json!(["connection", "#document", {
            "state": "connected", "reason": null, "socket": socket, "transport": "websocket",
        }])]
    );

    served.app.gate.open(1);
    browser.wait_until("document.querySelector('.op-status').innerText === 'in Process'").await;
    let updates = told(&browser, "update").await;
    let (_, target, detail) = (&updates[0][0], &updates[0][1], &updates[0][2]);
    assert_eq!(*target, container);
    assert_eq!(detail["channel"], channel);
    let cursor = "document.querySelector('.liveop').dataset.liveopCursor";
    assert_eq!(
        updates.last().unwrap()[2]["cursor"],
        browser.evaluate(cursor).await,
        "the last update is the place the page has reached"
    );

    served.app.gate.open(2);
    browser.wait_until("told.some(([name]) => name === 'finished')").await;
    assert_eq!(
        told(&browser, "finished").await,
        [json!(["finished", container, {
            "channel": channel,
            "pk": id,
            "state": "FINISHED_OK",
            "url": served.app.liveops.url(Steps::OP_TYPE, id),
            "success_url": null,
        }])]
    );
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_refused_action_is_told_to_the_page_and_to_the_reader() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(EVENTS).await;
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    // The page does not know yet that it has ended.
    served.proxy.cut();
    browser.wait_for(".op-connection[data-connection=reconnecting]").await;
    browser.click(".op-cancel button").await;
    browser.wait_until("told.some(([name]) => name === 'error')").await;
    assert_eq!(told(&browser, "error").await[0][2]["status"], 0);
    assert!(browser.text(".op-notice").await.contains("could not be reached"));
    served.proxy.forward();
    browser.wait_until(CONNECTED).await;
    browser.click(".op-cancel button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    served.app.reaches(id, OperationState::Cancelled).await;
}

#[tokio::test]
async fn the_next_operation_of_a_chain_has_events_of_its_own() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(EVENTS).await;
    let served = WatchedApp::start().await;
    let first = served.watch(&browser, ChainStart { name: "Ann".into() }).await;
    served.app.gate.open(1);
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK] .greeting").await;
    browser.wait_until("told.some(([name]) => name === 'finished')").await;
    let finished = told(&browser, "finished").await;
    let last = finished.last().unwrap();
    assert_ne!(last[2]["pk"], json!(first), "{finished:?}");
    let next = last[2]["url"].as_str().unwrap();
    assert!(next.starts_with(&format!("/live/{}/", Greeting::OP_TYPE)), "{next}");
}

/// The names that the page has got by the time it is connected. The page looks itself, because the
/// driver of the browser leaves names behind as well.
const ADDED_NAMES: &str = "(() => {
    const names = () => Object.getOwnPropertyNames(window);
    const before = new Set([...names(), 'added']);
    document.addEventListener('liveop:connection', () => {
        window.added = names().filter(name => !before.has(name)).sort();
    });
})()";

#[tokio::test]
async fn the_script_adds_one_name_to_the_page() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(ADDED_NAMES).await;
    let served = WatchedApp::start().await;
    served.watch(&browser, Steps {}).await;
    assert_eq!(browser.evaluate("added").await, json!(["htmx", "liveops"]));
}
