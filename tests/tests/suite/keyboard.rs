//! Everything on a page can be done without a mouse, and it shows where one is.

use liveops::OperationState;
use serde_json::json;

use crate::support::{
    app::{Greeting, Steps},
    browser::Browser,
    watched::WatchedApp,
};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";
const HOME: &str = "\u{e011}";

/// What has the focus: its text, or its class if it is a region; and whether it shows.
const FOCUS: &str = "(element => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
        name: element.matches('.op-log') ? 'the log' : element.name || element.innerText,
        visible: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    };
})(document.activeElement)";

/// Presses Tab until `name` has the focus, and gives the names that had it on the way.
async fn tab_to(browser: &Browser, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    while names.last().is_none_or(|last| last != name) {
        assert!(names.len() < 20, "`{name}` is not among {names:?}");
        browser.press(TAB).await;
        let focus = browser.evaluate(FOCUS).await;
        assert_eq!(focus["visible"], json!(true), "{focus} does not show");
        names.push(focus["name"].as_str().unwrap().to_owned());
    }
    names
}

#[tokio::test]
async fn an_operation_is_cancelled_and_run_again() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let id = served.watch(&browser, Steps {}).await;
    let order = tab_to(&browser, "Whole log").await;
    assert_eq!(order, ["Operations", "Cancel", "Log", "the log", "Whole log"]);

    browser.goto(&served.page_of::<Steps>(id)).await;
    browser.wait_for(".op-connection[data-connection=connected]").await;
    tab_to(&browser, "Cancel").await;
    browser.press(ENTER).await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED] .op-retry").await;
    let is_inside = "document.activeElement.closest('.liveop') !== null";
    assert_eq!(browser.evaluate(is_inside).await, true, "the reader keeps their place");
    if browser.evaluate(FOCUS).await["name"] != "Retry" {
        tab_to(&browser, "Retry").await;
    }
    browser.press(SPACE).await;
    browser.wait_for(".liveop[data-liveop-state=STARTED] .op-cancel").await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn the_log_is_scrolled_closed_and_opened() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    served.watch(&browser, Steps {}).await;
    browser.evaluate("document.querySelector('.op-log').style.maxHeight = '2em'").await;
    served.app.gate.open(2);
    browser.wait_until("document.querySelector('.op-log').scrollTop > 0").await;
    tab_to(&browser, "the log").await;
    browser.press(HOME).await;
    browser.wait_until("document.querySelector('.op-log').scrollTop === 0").await;
    browser.evaluate("document.activeElement.blur()").await;
    browser.evaluate("document.querySelector('summary').focus()").await;
    browser.press(ENTER).await;
    browser.wait_for(".op-log-box:not([open])").await;
    browser.press(SPACE).await;
    browser.wait_for(".op-log-box[open]").await;
}

#[tokio::test]
async fn a_list_is_filtered_and_followed() {
    let Some(browser) = Browser::open().await else { return };
    let served = WatchedApp::start().await;
    let greeting = Greeting { name: "Ann".into() };
    let id = served.app.liveops.enqueue(greeting, "ann").await.unwrap();
    served.app.reaches(id, OperationState::FinishedOk).await;
    served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.goto(&served.proxy.url("/live/")).await;
    browser.wait_for(".liveops-badge[data-state=STARTED]").await;
    let order = tab_to(&browser, "Greeting").await;
    assert_eq!(order, ["Operations", "state", "q", "Show", "Steps", "Greeting"]);

    // A choice is made by its first letters.
    browser.goto(&served.proxy.url("/live/")).await;
    tab_to(&browser, "state").await;
    browser.press("Fin").await;
    tab_to(&browser, "q").await;
    browser.press("Ann").await;
    browser.press(ENTER).await;
    browser.wait_until("location.search === '?state=FINISHED_OK&q=Ann'").await;
    browser.wait_for(".liveops-badge[data-state=FINISHED_OK]").await;
    tab_to(&browser, "Greeting").await;
    browser.press(ENTER).await;
    browser.wait_for(".greeting").await;
}
