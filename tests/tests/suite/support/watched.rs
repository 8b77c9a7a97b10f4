//! An application that is watched in a browser, over a network that can fail.

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use liveops::{OperationId, Run, runner::Builder, testing::Server};

use super::{
    app::{Gate, TestApp},
    browser::Browser,
    proxy::Proxy,
};

pub(crate) struct WatchedApp {
    pub(crate) app: TestApp,
    /// The network between the application and the browser.
    pub(crate) proxy: Proxy,
    server: Server,
}

impl WatchedApp {
    pub(crate) async fn start() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(change: impl FnOnce(Builder<Gate>) -> Builder<Gate>) -> Self {
        Self::serve(TestApp::with(change).await, Router::new()).await
    }

    /// Serves an application and pages beside it.
    pub(crate) async fn serve(app: TestApp, pages: Router) -> Self {
        // Browsers ask for it, and log that it is missing.
        let pages = pages.route("/favicon.ico", get(async || StatusCode::NO_CONTENT));
        let server = Server::start(pages.merge(app.router.clone())).await;
        let proxy = Proxy::start(server.address()).await;
        Self { app, proxy, server }
    }

    /// Stops as a process does that is told to, and goes on as another one: what was running is
    /// handed back and runs again.
    pub(crate) async fn restart_as(&mut self, next: impl Future<Output = TestApp>) {
        self.proxy.cut();
        self.app.liveops.shutdown(std::time::Duration::ZERO).await;
        self.app = next.await;
        self.app.liveops.start_worker();
        self.server = Server::start(self.app.router.clone()).await;
        self.proxy.lead_to(self.server.address());
        self.proxy.forward();
    }

    /// Enqueues an operation and shows its page, which follows it when this returns.
    pub(crate) async fn watch<Op: Run>(&self, browser: &Browser, operation: Op) -> OperationId {
        let id = self.app.liveops.enqueue(operation, "ann").await.unwrap();
        browser.goto(&self.page_of::<Op>(id)).await;
        browser.wait_until(CONNECTED).await;
        id
    }

    /// Where the page of an operation is, for a browser.
    pub(crate) fn page_of<Op: Run>(&self, id: OperationId) -> String {
        self.proxy.url(&self.app.liveops.url(Op::OP_TYPE, id))
    }

    /// Waits until the server would show `text` on the page of an operation, whatever a browser
    /// shows.
    pub(crate) async fn reports<Op: Run>(&self, id: OperationId, text: &str) {
        self.app.reports::<Op>(id, text).await;
    }
}

/// The routes as they are behind what stands between many a page and its server.
pub(crate) fn without_websockets(router: Router) -> Router {
    async fn refuse_upgrades(request: Request, next: Next) -> Response {
        if request.headers().contains_key(header::UPGRADE) {
            return StatusCode::FORBIDDEN.into_response();
        }
        next.run(request).await
    }
    router.layer(from_fn(refuse_upgrades))
}

/// The page is connected. What has ended does not show it, and is all the same.
pub(crate) const CONNECTED: &str =
    "document.querySelector('.op-connection')?.dataset.connection === 'connected'";

/// The page has noticed that it is not connected.
pub(crate) const RECONNECTING: &str =
    "document.querySelector('.op-connection').dataset.connection === 'reconnecting'";

/// The page shows what it would show if it were loaded now, and is at the same place in the
/// channel.
///
/// The times of a log are in the reader's own words and so left out; what is kept of a log may be
/// a little more than the page keeps.
pub(crate) const SHOWS_THE_TRUTH: &str = "(() => {
    const parts = ['controls', 'stages', 'status', 'progress', 'regions', 'result', 'traceback', 'log'];
    const request = new XMLHttpRequest();
    request.open('GET', location.href, false);
    request.send();
    const fresh = new DOMParser().parseFromString(request.responseText, 'text/html');
    const [here, there] = [document, fresh].map(page => {
        const container = page.querySelector('.liveop').cloneNode(true);
        for (const time of container.querySelectorAll('time')) time.remove();
        for (const line of [...container.querySelectorAll('.op-log-line')].slice(0, -1000)) {
            line.remove();
        }
        return container;
    });
    for (const name of ['liveopChannel', 'liveopState', 'liveopCursor']) {
        const [shown, truth] = [here.dataset[name], there.dataset[name]];
        if (shown !== truth) throw new Error(`${name} is ${shown} and not ${truth}`);
    }
    for (const part of parts) {
        const [shown, truth] = [here, there].map(page => page.querySelector('.op-' + part));
        if (!shown.isEqualNode(truth)) {
            throw new Error(`${shown.outerHTML} and not ${truth.outerHTML}`);
        }
    }
    return true;
})()";

/// Writes down what the page says of its connection from now on, in `window.connections`.
pub(crate) const CONNECTION_WITNESS: &str = "(() => {
    window.connections = [];
    document.addEventListener('liveop:connection', event => connections.push(event.detail.state));
    return true;
})()";

/// The timers of liveops.js never fire again, so that nothing but an event can wake it.
pub(crate) const WITHOUT_TIMERS: &str = "(() => {
    const setTimeout = window.setTimeout.bind(window);
    window.setTimeout = (act, ms) =>
        new Error().stack.includes('/static/liveops-') ? 0 : setTimeout(act, ms);
    return true;
})()";

/// Writes down over what the page is connected, in `window.transport`.
pub(crate) const TRANSPORT_WITNESS: &str = "document.addEventListener('liveop:connection',
    ({ detail }) => { window.transport = detail.transport; });";
