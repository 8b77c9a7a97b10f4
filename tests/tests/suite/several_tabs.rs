//! Tabs that nobody looks at, that the browser freezes, and that stand beside each other.

use liveops::OperationState;
use serde_json::json;

use crate::support::{
    app::Steps,
    browser::Browser,
    watched::{CONNECTED, RECONNECTING, SHOWS_THE_TRUTH, WITHOUT_TIMERS, WatchedApp},
};

#[tokio::test]
async fn a_tab_behind_another_one_is_up_to_date_when_it_comes_to_the_front() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    browser.evaluate(WITHOUT_TIMERS).await;
    browser
        .evaluate(
            "(() => {
                window.hidden = [];
                document.addEventListener('visibilitychange', () => hidden.push(document.hidden));
                return true;
            })()",
        )
        .await;
    let first = browser.tab().await;
    served.proxy.cut();
    browser.wait_until(RECONNECTING).await;
    browser.new_tab().await;
    served.app.gate.open(1);
    served.reports::<Steps>(id, "in Process").await;
    served.proxy.forward();
    browser.switch_tab(first).await;
    browser.wait_until(CONNECTED).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.evaluate("hidden").await, json!([true, false]));
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_frozen_tab_catches_up_when_it_thaws() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    browser.devtools("Page.setWebLifecycleState", &json!({ "state": "frozen" })).await;
    served.proxy.cut();
    served.app.gate.open(3);
    served.app.reaches(id, OperationState::FinishedOk).await;
    served.proxy.forward();
    browser.devtools("Page.setWebLifecycleState", &json!({ "state": "active" })).await;
    browser.wait_until(CONNECTED).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn what_is_done_in_one_tab_is_seen_in_the_other() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    let first = browser.tab().await;
    let second = browser.new_tab().await;
    browser.goto(&served.page_of::<Steps>(id)).await;
    browser.wait_until(CONNECTED).await;
    browser.click(".op-cancel button").await;
    for tab in [first, second] {
        browser.switch_tab(tab).await;
        browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
        browser.wait_until(SHOWS_THE_TRUTH).await;
        assert_eq!(browser.navigation_count().await, 0);
    }
}
