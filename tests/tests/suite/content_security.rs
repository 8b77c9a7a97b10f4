//! A page that allows nothing but its own files: everything works, and nothing is reported.

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
};
use liveops::OperationState;

use crate::support::{
    app::{Steps, TestApp},
    browser::Browser,
    watched::{SHOWS_THE_TRUTH, TRANSPORT_WITNESS, WatchedApp, without_websockets},
};

const POLICY: HeaderValue = HeaderValue::from_static("default-src 'self'");

const VIOLATIONS: &str = "window.violations = [];
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile, sample }) => {
        violations.push([violatedDirective, sourceFile, sample].join(' '));
    });";

async fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

async fn serve(change: impl FnOnce(Router) -> Router) -> WatchedApp {
    let mut app = TestApp::spawn().await;
    app.router = change(app.router.layer(map_response(with_policy)));
    WatchedApp::serve(app, Router::new()).await
}

async fn assert_no_violation(browser: &Browser) {
    assert_eq!(browser.evaluate("violations").await, serde_json::json!([]));
    assert_eq!(browser.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn the_strictest_policy_that_allows_its_own_files_is_kept() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(VIOLATIONS).await;
    let served = serve(|router| router).await;

    let id = served.watch(&browser, Steps {}).await;
    let bar = "getComputedStyle(document.querySelector('.op-progress progress'))";
    browser.wait_for(".op-progress progress[value='50']").await;
    assert_eq!(browser.evaluate(&format!("{bar}.appearance")).await, "none", "styles are there");
    browser.click(".op-log-box summary").await;
    browser.click(".op-cancel button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    browser.click(".op-retry button").await;
    browser.wait_for(".liveop[data-liveop-state=STARTED]").await;
    served.app.gate.open(3);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(".op-result").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_no_violation(&browser).await;

    browser.goto(&served.proxy.url("/live/")).await;
    browser.wait_for("#liveops-list .liveops-badge[data-state=FINISHED_OK]").await;
    served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.wait_for("#liveops-list .liveops-badge[data-state=STARTED]").await;
    assert_no_violation(&browser).await;

    // It is in force: what is inline is reported.
    browser.evaluate("document.body.setAttribute('style', 'color: red')").await;
    browser.wait_until("violations.length === 1").await;
}

#[tokio::test]
async fn event_streams_keep_the_policy_as_well() {
    let Some(browser) = Browser::open().await else { return };
    browser.on_every_page(VIOLATIONS).await;
    browser.on_every_page(TRANSPORT_WITNESS).await;
    let served = serve(without_websockets).await;
    let id = served.watch(&browser, Steps {}).await;
    assert_eq!(browser.evaluate("transport").await, "sse");
    served.app.gate.open(1);
    browser.wait_until("document.querySelector('.op-status').innerText === 'in Process'").await;
    served.app.gate.open(2);
    served.app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.evaluate("violations").await, serde_json::json!([]));
    assert_eq!(browser.navigation_count().await, 0);
}
