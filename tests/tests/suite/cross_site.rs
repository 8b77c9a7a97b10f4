//! A page of another site can neither connect nor change anything, whoever looks at it.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use liveops::{
    Config, OperationId, OperationState, channel::MemoryChannelLayer, store::ListFilter,
};

use serde_json::json;

use crate::support::{
    app::{Greeting, Steps, TestApp},
    handshake::handshake,
    routes::{Kind, ROUTES, Route, routes_that},
    served::Served,
};

const ALLOWED: &str = "https://intranet.example";

fn with_an_allowed_origin() -> Config {
    let mut config = Config::default();
    config.allowed_origins = vec![ALLOWED.to_owned()];
    config
}

#[tokio::test]
async fn only_pages_of_the_application_connect() {
    let served = Served::with(with_an_allowed_origin(), MemoryChannelLayer::new()).await;
    let host = "app.example:3000";
    for (origin, status) in [
        ("http://app.example:3000", 101),
        // Behind a proxy that ends TLS, the application itself is asked without it.
        ("https://app.example:3000", 101),
        (ALLOWED, 101),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
        ("app.example:3000", 403),
        ("http://", 403),
        ("http://app.example", 403),
        ("http://app.example:3001", 403),
        ("http://app.example:30000", 403),
        // Names of hosts have no case.
        ("http://APP.example:3000", 101),
        ("http://app.example:3000.evil.example", 403),
        ("http://evil.example/://app.example:3000", 403),
        ("http://evil.example@app.example:3000", 403),
        ("http://sub.app.example:3000", 403),
        ("http://intranet.example", 403),
        ("https://intranet.example:444", 403),
        ("https://INTRANET.example", 403),
        ("https://sub.intranet.example", 403),
        ("https://intranet.example.evil.example", 403),
    ] {
        let found = handshake(served.server.address(), &[("Host", host), ("Origin", origin)]).await;
        assert_eq!(found, status, "{origin:?}");
    }
}

#[tokio::test]
async fn a_proxys_headers_make_nobody_one_of_us() {
    let served = Served::start().await;
    let evil = ("Origin", "https://evil.example");
    for (name, value) in [
        ("X-Forwarded-Host", "evil.example"),
        ("Forwarded", "host=evil.example"),
        ("X-Host", "evil"),
    ] {
        let status =
            handshake(served.server.address(), &[("Host", "app.example"), evil, (name, value)])
                .await;
        assert_eq!(status, 403, "{name}");
    }
}

#[tokio::test]
async fn without_a_host_no_origin_is_our_own() {
    let served = Served::with(with_an_allowed_origin(), MemoryChannelLayer::new()).await;
    for (headers, status) in [
        (&[("Origin", "http://app.example")][..], 403),
        (&[("Origin", "http://")], 403),
        (&[("Origin", "null")], 403),
        (&[("Origin", ALLOWED)], 101),
        (&[("Host", ""), ("Origin", "http://")], 403),
    ] {
        assert_eq!(handshake(served.server.address(), headers).await, status, "{headers:?}");
    }
}

#[tokio::test]
async fn what_is_no_browser_needs_no_origin() {
    let served = Served::start().await;
    assert_eq!(handshake(served.server.address(), &[("Host", "app.example")]).await, 101);
}

/// An application with one operation that could be cancelled and one that could be restarted.
struct Target {
    app: TestApp,
    running: OperationId,
    ended: OperationId,
    /// Other operations that have ended, for the older name of retry and for several at once.
    again: OperationId,
    other: OperationId,
}

impl Target {
    async fn start() -> Self {
        let app = TestApp::with(|builder| builder.config(with_an_allowed_origin())).await;
        let running = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
        app.reaches(running, OperationState::Started).await;
        let greeting = async || {
            let id = app.liveops.enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
            app.ends(id).await;
            id
        };
        let (ended, again, other) = (greeting().await, greeting().await, greeting().await);
        Self { app, running, ended, again, other }
    }

    async fn send(&self, route: &Route, headers: &[(&str, &str)]) -> StatusCode {
        let many = json!({ "action": "retry", "ids": [self.other] }).to_string();
        let (op_type, id, body) = match route.path {
            "/bulk" => ("", self.other, many.as_str()),
            "/{op_type}/{id}/cancel" => ("test.steps", self.running, "{}"),
            "/token" => ("", self.ended, r#"{"channels":["liveops.owner.ann"]}"#),
            // The older name of retry: the operation that was just retried may be running.
            "/{op_type}/{id}/restart" => ("test.greeting", self.again, "{}"),
            _ => ("test.greeting", self.ended, r#"{"name":"Ann"}"#),
        };
        let request = Request::builder().method("POST").uri(route.of(op_type, id));
        let user = if route.kind == Kind::ActsOnMany { "admin" } else { "ann" };
        let request = request.header("x-user", user);
        let request =
            request.header("host", "app.example").header("content-type", "application/json");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.app.head(request.body(Body::from(body.to_owned())).unwrap()).await.status
    }

    /// Whether everything is as it was at the start.
    async fn is_untouched(&self) -> bool {
        let list = self.app.liveops.list(&ListFilter::new(), 10).await.unwrap();
        list.len() == 4 && list.iter().all(|row| row.attempt == 1 && !row.cancel_requested)
    }
}

fn unsafe_routes() -> Vec<Route> {
    let routes = routes_that(|kind| {
        use Kind::{Acts, ActsOnMany, Creates, GrantsTokens};
        matches!(kind, Acts | ActsOnMany | Creates | GrantsTokens)
    });
    assert_eq!(routes.len(), ROUTES.iter().filter(|route| route.method != "get").count());
    routes
}

#[tokio::test]
async fn nothing_is_changed_for_a_page_of_another_site() {
    let target = Target::start().await;
    let evil = ("origin", "https://evil.example");
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://app.example")],
        &[("sec-fetch-site", "cross-site"), evil],
        &[("sec-fetch-site", "Same-Origin")],
        &[("sec-fetch-site", "")],
        &[evil],
        &[("origin", "null")],
        &[("origin", "http://app.example:8080")],
        &[("origin", "http://app.example.evil.example")],
        &[evil, ("x-forwarded-host", "evil.example")],
        &[evil, ("x-requested-with", "XMLHttpRequest"), ("hx-request", "true")],
    ] {
        for route in unsafe_routes() {
            let status = target.send(&route, headers).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{} {headers:?}", route.path);
        }
        assert!(target.is_untouched().await, "{headers:?}");
    }
}

#[tokio::test]
async fn our_own_pages_and_programs_change_what_they_may() {
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://app.example")],
        &[("sec-fetch-site", "cross-site"), ("origin", ALLOWED)],
        &[("origin", ALLOWED)],
    ] {
        let target = Target::start().await;
        for route in unsafe_routes() {
            let status = target.send(&route, headers).await;
            let is_done = status.is_success() || status.is_redirection();
            assert!(is_done, "{} {headers:?}: {status}", route.path);
        }
    }
}

#[tokio::test]
async fn no_answer_is_for_another_site_to_read() {
    let target = Target::start().await;
    for route in ROUTES.iter().filter(|route| route.method == "get") {
        let request = Request::get(route.of("test.greeting", target.ended))
            .header("host", "app.example")
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        let request = request.body(Body::empty()).unwrap();
        let headers = target.app.head(request).await.headers;
        assert!(
            !headers.contains_key("access-control-allow-origin"),
            "{}: {headers:?}",
            route.path
        );
    }
}
