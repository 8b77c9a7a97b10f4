//! Whoever asked the system for less motion gets none.

use liveops::Config;

use crate::support::{app::Steps, browser::Browser, watched::WatchedApp};

/// What moves on the page, or would if a colour changed or something grew.
const MOTION: &str = "(() => {
    const moving = document.getAnimations().map(({ animationName }) => animationName);
    for (const element of document.querySelectorAll('body, body *')) {
        for (const part of [null, '::before', '::after', '::-webkit-progress-value']) {
            const { animationName, transitionDuration } = getComputedStyle(element, part);
            if (animationName !== 'none') moving.push(animationName);
            if (transitionDuration !== '0s') moving.push(`${element.className} ${transitionDuration}`);
        }
    }
    return moving;
})()";

#[tokio::test]
async fn nothing_moves_for_those_who_asked_for_less_motion() {
    let Some(browser) = Browser::open().await else { return };
    let mut config = Config::default();
    config.concurrency_max = 1;
    let served = WatchedApp::with(|builder| builder.config(config)).await;
    let running = served.watch(&browser, Steps {}).await;
    let still = serde_json::json!([]);
    browser.wait_for("[data-state=active]").await;
    // A bar without an end, a lost connection: everything that moves at once.
    browser.evaluate("document.querySelector('progress').removeAttribute('value')").await;
    served.proxy.cut();
    browser.wait_for(".op-connection[data-connection=reconnecting]").await;
    assert_ne!(browser.evaluate(MOTION).await, still, "otherwise things move");
    browser.media("prefers-reduced-motion", "reduce").await;
    assert_eq!(browser.evaluate(MOTION).await, still);
    served.proxy.forward();

    browser.goto(&served.proxy.url("/live/")).await;
    browser.wait_for(".liveops-badge[data-state=STARTED]").await;
    assert_eq!(browser.evaluate(MOTION).await, still);
    browser.media("prefers-reduced-motion", "no-preference").await;
    assert_ne!(browser.evaluate(MOTION).await, still, "otherwise things move");
    served.app.liveops.cancel(running).await.unwrap();
}
