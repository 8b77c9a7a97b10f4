//! The network goes away and comes back; the page ends showing what happened, without a reload.

use std::time::Duration;

use axum::Router;
use liveops::{OperationState, token::SigningKeys};

use crate::support::{
    app::{Steps, TestApp},
    browser::Browser,
    database::TestDatabase,
    served::SECRET,
    watched::{
        CONNECTED, CONNECTION_WITNESS, RECONNECTING, SHOWS_THE_TRUTH, TRANSPORT_WITNESS,
        WITHOUT_TIMERS, WatchedApp, without_websockets,
    },
};

#[tokio::test]
async fn what_was_missed_is_shown_when_the_network_is_back() {
    let Some(browser) = Browser::open().await else { return };
    misses_nothing(&browser, "websocket", TestApp::spawn().await).await;
}

#[tokio::test]
async fn what_was_missed_is_shown_where_websockets_are_blocked() {
    let Some(browser) = Browser::open().await else { return };
    let mut app = TestApp::spawn().await;
    app.router = without_websockets(app.router);
    misses_nothing(&browser, "sse", app).await;
}

async fn misses_nothing(browser: &Browser, transport: &str, app: TestApp) {
    browser.on_every_page(TRANSPORT_WITNESS).await;
    let served = WatchedApp::serve(app, Router::new()).await;
    let id = served.watch(browser, Steps {}).await;
    assert_eq!(browser.evaluate("transport").await, transport);
    browser.evaluate(CONNECTION_WITNESS).await;

    // In the middle of a run, the page gets what it missed; it began with the first stage.
    served.proxy.cut();
    browser.wait_until(RECONNECTING).await;
    served.app.gate.open(1);
    served.reports::<Steps>(id, "in Process").await;
    assert_eq!(browser.text(".op-status").await, "in Load");
    served.proxy.forward();
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.text(".op-status").await, "in Process");
    browser.wait_until("connections.length === 2").await;
    assert_eq!(
        browser.evaluate("connections").await,
        serde_json::json!(["reconnecting", "connected"])
    );

    // At the end it gets the ending.
    served.proxy.cut();
    browser.wait_until(RECONNECTING).await;
    served.app.gate.open(2);
    served.app.reaches(id, OperationState::FinishedOk).await;
    served.proxy.forward();
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.evaluate("document.querySelectorAll('.op-log-line').length").await, 3);
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_network_that_returns_is_used_at_once() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    browser.evaluate(WITHOUT_TIMERS).await;
    browser.network(false).await;
    served.proxy.cut();
    browser.wait_until(RECONNECTING).await;
    served.app.gate.open(1);
    served.reports::<Steps>(id, "in Process").await;
    served.proxy.forward();
    browser.network(true).await;
    browser.wait_until(CONNECTED).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_noticed() {
    let Some(browser) = Browser::open().await else { return };
    let mut config = liveops::Config::default();
    config.keepalive = Duration::from_secs(1);
    let served = WatchedApp::with(|builder| builder.config(config)).await;
    let id = served.watch(&browser, Steps {}).await;
    served.proxy.swallow();
    served.app.gate.open(1);
    served.reports::<Steps>(id, "in Process").await;
    browser.wait_until(RECONNECTING).await;
    served.proxy.forward();
    browser.wait_until(CONNECTED).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.text(".op-status").await, "in Process");
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_server_that_was_restarted_runs_the_operation_again_before_the_same_page() {
    let Some(browser) = Browser::open().await else { return };
    let database = TestDatabase::sqlite_file();
    let app = TestApp::on(&database.url(), |builder| builder).await;
    let mut served = WatchedApp::serve(app, Router::new()).await;
    let id = served.watch(&browser, Steps {}).await;
    browser.evaluate(CONNECTION_WITNESS).await;
    served.app.gate.open(2);
    browser.wait_until("document.querySelector('.op-status').innerText === 'in Save'").await;

    served.restart_as(TestApp::on(&database.url(), |builder| builder)).await;
    browser.wait_until("document.querySelector('.op-status').innerText === 'in Load'").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    served.app.gate.open(3);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(
        browser.evaluate("connections").await,
        serde_json::json!(["reconnecting", "connected"])
    );
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_page_whose_token_has_expired_gets_another_one() {
    let Some(browser) = Browser::open().await else { return };
    let keys = SigningKeys::new([SECRET]).unwrap().with_ttl(Duration::from_secs(2));
    let served = WatchedApp::with(|builder| builder.signing_keys(keys)).await;
    let id = served.watch(&browser, Steps {}).await;
    browser
        .wait_until(
            "JSON.parse(atob(document.querySelector('.liveop').dataset.liveopToken.split('.')[1])).exp
                <= Date.now() / 1000",
        )
        .await;
    served.proxy.cut();
    browser.wait_until(RECONNECTING).await;
    served.app.gate.open(1);
    served.reports::<Steps>(id, "in Process").await;
    served.proxy.forward();
    browser.wait_until(CONNECTED).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    let refreshed = "performance.getEntriesByType('resource')
        .some(({ name, responseStatus }) => name.endsWith('/live/token') && responseStatus === 200)";
    assert_eq!(browser.evaluate(refreshed).await, true);
    assert_eq!(browser.navigation_count().await, 0);
}
