//! The browser's back and forward buttons: what comes back from its cache is live again.

use liveops::OperationState;

use crate::support::{
    app::Steps,
    browser::Browser,
    watched::{CONNECTED, SHOWS_THE_TRUTH, WatchedApp},
};

const WITNESS: &str =
    "addEventListener('pageshow', ({ persisted }) => { window.restored = persisted; });";

/// Fails with the browser's reasons when the page was loaded anew.
const RESTORED: &str = "(() => {
    const [navigation] = performance.getEntriesByType('navigation');
    if (window.restored === false && navigation.notRestoredReasons) {
        throw new Error(JSON.stringify(navigation.notRestoredReasons));
    }
    return window.restored;
})()";

#[tokio::test]
async fn a_page_that_comes_back_from_the_cache_is_live_again() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(WITNESS).await;
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    browser.click(".liveops-nav a").await;
    browser.wait_for("#liveops-list .liveops-badge[data-state=STARTED]").await;
    served.app.gate.open(1);
    served.reports::<Steps>(id, "in Process").await;
    browser.client().back().await.unwrap();
    browser.wait_until(RESTORED).await;
    browser.wait_until(CONNECTED).await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.text(".op-status").await, "in Process");

    // The list as well.
    served.app.gate.open(2);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.client().forward().await.unwrap();
    browser.wait_until(RESTORED).await;
    browser.wait_for("#liveops-list .liveops-badge[data-state=FINISHED_OK]").await;
}
