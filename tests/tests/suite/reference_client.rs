//! The client of django-liveops watches our operations: the wire keeps its names.

use axum::{Router, routing::get};
use liveops::{OperationId, testing::Server};
use serde_json::json;

use crate::support::{
    app::{ChainStart, Ending, How, Steps, TestApp},
    browser::Browser,
    reference_client,
};

/// Writes down what the page is told of endings.
const LISTEN: &str = "(window.finished = [], document.addEventListener('liveop:finished', \
    event => window.finished.push(event.detail)), true)";

/// Our application, and a browser for a page with their client.
struct Host {
    app: TestApp,
    server: Server,
    browser: Browser,
}

impl Host {
    /// `None` where there is no browser, or no client.
    async fn open() -> Option<Self> {
        let folder = reference_client::folder()?;
        let browser = Browser::open().await?;
        let app = TestApp::spawn().await;
        let pages = reference_client::pages(&app.liveops, app.router.clone(), folder);
        let thanks = Router::new().route("/thanks", get(async || "Thanks"));
        let server = Server::start(app.router.clone().merge(pages).merge(thanks)).await;
        Some(Self { app, server, browser })
    }

    async fn open_page(&self, id: OperationId) {
        self.browser.goto(&self.server.url(&format!("/watch/{id}"))).await;
    }

    /// Opens the page and waits until it is connected.
    async fn watch(&self, id: OperationId) {
        self.open_page(id).await;
        self.browser.evaluate(LISTEN).await;
        self.browser.wait_until("channelsBroadcast.chatSocket?.readyState === 1").await;
    }

    /// Waits until the region of the operation shows `text`.
    async fn shows(&self, region: &str, id: OperationId, text: &str) {
        let shown = format!("document.getElementById('op-{region}-{id}').innerText");
        self.browser.wait_until(&format!("{shown}.includes({})", json!(text))).await;
    }

    async fn log_lines(&self) -> serde_json::Value {
        let texts = "[...document.querySelectorAll('.op-log-line')]\
            .map(line => line.innerText.replace(/^\\S+\\s+/, ''))";
        self.browser.evaluate(texts).await
    }
}

#[tokio::test]
async fn their_client_sees_a_run_to_its_end() {
    let Some(host) = Host::open().await else { return };
    let id = host.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    host.watch(id).await;
    let ours = host.browser.evaluate("typeof window.liveops").await;
    assert_eq!(ours, "undefined", "the page is without our script");

    for (stage, next) in [("Load", "Process"), ("Process", "Save")] {
        host.shows("status", id, &format!("in {stage}")).await;
        host.app.gate.open(1);
        host.shows("status", id, &format!("in {next}")).await;
        let active = "document.querySelector('.op-stage[data-state=active]').innerText";
        host.browser.wait_until(&format!("{active}.startsWith('{next}')")).await;
        host.browser.wait_until("document.querySelector('.op-progress progress').value > 0").await;
        host.shows("log", id, &format!("entered {next}")).await;
        host.shows("trail", id, next).await;
    }
    host.app.gate.open(1);
    host.shows("result", id, "3").await;
    host.shows("controls", id, "Finished").await;

    host.browser.wait_until("window.finished.length > 0").await;
    let end = json!({
        "pk": id.to_string(),
        "state": "FINISHED_OK",
        "url": format!("/live/test.steps/{id}/"),
        "success_url": null,
    });
    assert_eq!(host.browser.evaluate("window.finished").await, json!([end]));
    assert_eq!(host.log_lines().await, json!(["entered Load", "entered Process", "entered Save"]));
    assert_eq!(host.browser.evaluate("document.querySelectorAll('.liveop').length").await, 1);
    assert_eq!(host.browser.navigation_count().await, 0);
}

#[tokio::test]
async fn their_client_comes_back_to_where_the_run_is() {
    let Some(host) = Host::open().await else { return };
    let id = host.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    host.watch(id).await;
    host.shows("log", id, "entered Load").await;
    host.browser.evaluate("(window.first = channelsBroadcast.chatSocket).close()").await;
    host.app.gate.open(1);
    host.shows("log", id, "entered Process").await;
    assert_eq!(host.log_lines().await, json!(["entered Load", "entered Process"]));
    assert_eq!(host.browser.evaluate("window.first === channelsBroadcast.chatSocket").await, false);
}

#[tokio::test]
async fn their_client_goes_where_a_run_sends_it() {
    let Some(host) = Host::open().await else { return };
    let ending = Ending { how: How::Redirect };
    let id = host.app.liveops.enqueue(ending, "ann").await.unwrap();
    host.open_page(id).await;
    host.browser.wait_until("location.pathname === '/thanks'").await;
}

#[tokio::test]
async fn their_client_follows_a_chain() {
    let Some(host) = Host::open().await else { return };
    let first = ChainStart { name: "Ann".into() };
    let first = host.app.liveops.enqueue(first, "ann").await.unwrap();
    host.watch(first).await;
    host.app.gate.open(1);
    host.browser.wait_until("document.querySelector('.greeting')").await;
    let containers = "[...document.querySelectorAll('.liveop')].map(shown => shown.id)";
    let next = host.app.next_of(first).await.unwrap();
    assert_eq!(host.browser.evaluate(containers).await, json!([format!("op-{}", next.id)]));
    assert_eq!(host.browser.navigation_count().await, 0);
}
