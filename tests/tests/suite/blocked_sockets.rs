//! Networks that let no WebSocket through.

use axum::{
    extract::Request,
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use liveops::{OperationState, testing::Server};
use serde_json::json;

use crate::support::{
    app::{ChainStart, Steps, TestApp},
    browser::Browser,
};

/// What a proxy does that knows no WebSockets.
async fn refuse_sockets(request: Request, next: Next) -> Response {
    if request.uri().path() == "/live/ws" {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

async fn serve(app: &TestApp) -> Server {
    Server::start(app.router.clone().layer(middleware::from_fn(refuse_sockets))).await
}

const CONNECTED: &str = ".op-connection[data-connection=connected]";

#[tokio::test]
async fn a_page_goes_over_to_an_event_stream_and_misses_nothing() {
    let Some(browser) = Browser::open().await else { return };
    let app = TestApp::spawn().await;
    let server = serve(&app).await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.goto(&server.url(&format!("/live/test.steps/{id}/"))).await;
    browser.wait_for(CONNECTED).await;
    for stage in ["Load", "Process", "Save"] {
        browser
            .wait_until(&format!(
                "document.getElementById('op-status-{id}').innerText === 'in {stage}'"
            ))
            .await;
        app.gate.open(1);
    }
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    let log = browser.evaluate("document.querySelectorAll('.op-log-line').length").await;
    assert_eq!(log, json!(3));
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_chain_moves_a_page_on_over_event_streams() {
    let Some(browser) = Browser::open().await else { return };
    let app = TestApp::spawn().await;
    let server = serve(&app).await;
    let chain = ChainStart { name: "Bob".to_owned() };
    let id = app.liveops.enqueue(chain, "ann").await.unwrap();
    browser.goto(&server.url(&format!("/live/test.chain_start/{id}/"))).await;
    browser.wait_for(CONNECTED).await;
    app.gate.open(1);
    browser.wait_until("document.querySelector('.greeting')?.innerText === 'Hello, Bob!'").await;
    assert_eq!(browser.navigation_count().await, 0);
}

#[tokio::test]
async fn a_list_is_live_over_an_event_stream() {
    let Some(browser) = Browser::open().await else { return };
    let app = TestApp::spawn().await;
    let server = serve(&app).await;
    browser.goto(&server.url("/live/")).await;
    browser.wait_for(".liveops-empty").await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let row = format!("[id='op-row-state-{id}']");
    browser.wait_for(&format!("{row} [data-state=STARTED]")).await;
    app.gate.open(1);
    browser
        .wait_until(&format!(
            "document.getElementById('op-row-status-{id}').innerText === 'in Process'"
        ))
        .await;
    app.gate.open(2);
    app.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(&format!("{row} [data-state=FINISHED_OK]")).await;
}

/// HTTP/1.1 allows six connections to a server, and the page needs some for its actions.
#[tokio::test]
async fn many_operations_of_a_page_share_a_few_streams() {
    let Some(browser) = Browser::open().await else { return };
    let app = TestApp::spawn().await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(app.liveops.enqueue(Steps {}, "ann").await.unwrap());
    }
    let liveops = app.liveops.clone();
    let shown = ids.clone();
    let page = move || async move {
        let viewer = liveops::Viewer::new("ann");
        let mut body = maud::html! {
            (maud::DOCTYPE) link rel="icon" href="data:,"; (liveops.renderer().head())
        };
        for id in shown {
            body.0.push_str(&liveops::web::embed(&liveops, &viewer, id).await.unwrap().unwrap().0);
        }
        body
    };
    let router = app.router.clone().route("/", axum::routing::get(page));
    let server = Server::start(router.layer(middleware::from_fn(refuse_sockets))).await;
    browser.goto(&server.url("/")).await;
    browser.wait_for(CONNECTED).await;
    app.gate.open(3 * ids.len());
    for id in &ids {
        app.ends(*id).await;
    }
    // They take turns of ten seconds.
    for id in ids {
        browser.wait_for(&format!("[id='op-{id}'][data-liveop-state=FINISHED_OK]")).await;
    }
    assert_eq!(browser.navigation_count().await, 0);
}
