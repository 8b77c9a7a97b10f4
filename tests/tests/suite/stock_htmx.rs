//! A list kept live by htmx and its extension for server-sent events, without liveops.js.

use axum::{Router, http::header, routing::get};
use liveops::{OperationState, testing::Server};
use maud::{DOCTYPE, Markup, html};

use crate::support::{
    app::{Steps, TestApp},
    browser::Browser,
    need::need,
};

/// What the documentation of the extension says to write.
fn page() -> Markup {
    html! {
        (DOCTYPE)
        head {
            link rel="icon" href="data:,";
            script src="/htmx.js" {}
            script src="/sse.js" {}
        }
        body hx-ext="sse" sse-connect="/live/events" {
            div id="list" hx-get="/live/" hx-trigger="sse:operations-changed" {}
            div sse-swap="operation-row" hx-swap="none" {}
        }
    }
}

fn script(folder: &str, file: &str) -> axum::routing::MethodRouter {
    let script = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    get(async move || ([(header::CONTENT_TYPE, "text/javascript")], script))
}

#[tokio::test]
async fn the_stock_extension_keeps_a_list_live() {
    let Some(browser) = Browser::open().await else { return };
    let Some(folder) = need("npm packages", "LIVEOPS_TEST_NODE_MODULES") else { return };
    let app = TestApp::spawn().await;
    let pages = Router::new()
        .route("/", get(async || page()))
        .route("/htmx.js", script(&folder, "htmx-2/dist/htmx.js"))
        .route("/sse.js", script(&folder, "htmx-ext-sse/sse.js"));
    let server = Server::start(pages.merge(app.router.clone())).await;
    browser.goto(&server.url("/")).await;
    browser.wait_for("#list .liveops-empty").await;

    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.wait_for(&format!("[id='op-row-state-{id}'] [data-state=STARTED]")).await;
    for stage in ["Load", "Process", "Save"] {
        browser
            .wait_until(&format!(
                "document.getElementById('op-row-status-{id}').innerText === 'in {stage}'"
            ))
            .await;
        app.gate.open(1);
    }
    app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(&format!("[id='op-row-state-{id}'] [data-state=FINISHED_OK]")).await;
    assert_eq!(browser.navigation_count().await, 0);
}
