//! The application answers under its own names only, and its own routes are protected like those of liveops.

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    middleware::from_fn_with_state,
    routing::post,
};
use liveops::{Config, channel::MemoryChannelLayer, testing::Server, web};
use tower::ServiceExt;
use tracing::Level;

use crate::support::{
    app::{Steps, TestApp},
    handshake::handshake,
    log::Log,
    routes::ROUTES,
    served::Served,
};

fn only_app_example() -> Config {
    Config::default().with_allowed_hosts(["app.example"])
}

async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    router.clone().oneshot(request).await.unwrap().status()
}

fn asks(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_page_whose_name_was_rebound_to_our_address_reaches_nothing() {
    let app = TestApp::with(|builder| builder.config(only_app_example())).await;
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let rebound = [
        ("host", "evil.example"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "same-origin"),
    ];
    for route in ROUTES {
        let request = asks(&route.method.to_uppercase(), &route.of("test.steps", id), &rebound);
        let found = status(&app.router, request).await;
        assert_eq!(found, StatusCode::MISDIRECTED_REQUEST, "{} {}", route.method, route.path);
    }
    for host in ["app.example", "app.example:8443", "APP.EXAMPLE", "app.example."] {
        let found = status(&app.router, asks("GET", "/live/", &[("host", host)])).await;
        assert_eq!(found, StatusCode::OK, "{host}");
    }
    for headers in [&[][..], &[("host", "")], &[("host", "app.example"), ("host", "evil.example")]]
    {
        let found = status(&app.router, asks("GET", "/live/", headers)).await;
        assert_eq!(found, StatusCode::MISDIRECTED_REQUEST, "{headers:?}");
    }
    // The target of a request takes precedence over `Host`.
    let request = asks("GET", "http://evil.example/live/", &[("host", "app.example")]);
    assert_eq!(status(&app.router, request).await, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_socket_under_another_name_is_refused() {
    let served = Served::with(only_app_example(), MemoryChannelLayer::new()).await;
    let address = served.server.address();
    for (host, found) in [("evil.example", 421), ("app.example", 101)] {
        let origin = format!("http://{host}");
        let status = handshake(address, &[("Host", host), ("Origin", &origin)]).await;
        assert_eq!(status, found, "{host}");
    }
}

#[tokio::test]
async fn a_refused_host_is_explained_in_the_language_and_format_of_the_request() {
    let app = TestApp::with(|builder| builder.config(only_app_example())).await;
    let page = asks(
        "GET",
        "/live/",
        &[
            ("host", "evil.example"),
            ("accept", "text/html,*/*;q=0.8"),
            ("accept-language", "en;q=0.2, de;q=0.9"),
        ],
    );
    let page = app.send(page).await;
    assert!(page.body.contains("Diese Adresse ist hier nicht bekannt."), "{}", page.body);
    let json = app.send(asks("GET", "/live/", &[("host", "evil.example")])).await.json();
    assert_eq!(json["error"]["code"], "unknown_host");
}

#[tokio::test]
async fn an_application_without_a_list_of_hosts_warns_once() {
    let log = Log::begin();
    let app = TestApp::eager().await;
    let warnings = || {
        let lines = log.lines().into_iter().filter(|line| line.level == Level::WARN);
        lines.filter(|line| line.text.contains("allowed_hosts")).collect::<Vec<_>>()
    };
    for host in ["localhost:3000", "127.0.0.1", "[::1]:3000", "app.localhost"] {
        assert_eq!(
            status(&app.router, asks("GET", "/live/", &[("host", host)])).await,
            StatusCode::OK
        );
    }
    assert_eq!(warnings().len(), 0);
    for host in ["app.example", "other.example"] {
        assert_eq!(
            status(&app.router, asks("GET", "/live/", &[("host", host)])).await,
            StatusCode::OK
        );
    }
    let warnings = warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].text.contains("app.example"), "{warnings:?}");
}

#[tokio::test]
async fn hosts_that_are_no_hosts_are_refused_at_the_start() {
    for host in [
        "",
        "https://app.example",
        "app.example/live",
        "ann@app.example",
        "*.app.example",
        ".app.example:443",
        "app.example:https",
    ] {
        let db = liveops::store::connect("sqlite::memory:").await.unwrap();
        let config = Config::default().with_allowed_hosts([host]);
        let error = liveops::LiveOps::builder(db).config(config).build().unwrap_err();
        assert!(format!("{error:?}").contains("allowed_hosts"), "{error:?}");
    }
}

/// Routes of the application, under the protection that liveops offers.
async fn own_routes(config: Config) -> Router {
    let app = TestApp::with(|builder| builder.config(config)).await;
    Router::new()
        .route("/login", post(async || "signed in").get(async || "sign in"))
        .layer(from_fn_with_state(app.liveops, web::guard))
}

#[tokio::test]
async fn forms_of_other_sites_do_not_reach_the_applications_own_routes() {
    let routes = own_routes(only_app_example()).await;
    let host = ("host", "app.example");
    for (method, headers, found) in [
        ("POST", &[host, ("sec-fetch-site", "cross-site")][..], 403),
        ("POST", &[host, ("sec-fetch-site", "same-site")], 403),
        ("POST", &[host, ("origin", "https://evil.example")], 403),
        ("POST", &[host, ("origin", "null")], 403),
        ("POST", &[("host", "evil.example"), ("origin", "http://evil.example")], 421),
        ("POST", &[host, ("sec-fetch-site", "same-origin")], 200),
        ("POST", &[host, ("origin", "https://app.example")], 200),
        ("POST", &[host], 200),
        ("GET", &[host, ("sec-fetch-site", "cross-site")], 200),
    ] {
        let answer = routes.clone().oneshot(asks(method, "/login", headers)).await.unwrap();
        assert_eq!(answer.status().as_u16(), found, "{method} {headers:?}");
        let header = |name| answer.headers()[name].to_str().unwrap();
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "SAMEORIGIN");
        assert_eq!(header("referrer-policy"), "same-origin");
    }
}

#[tokio::test]
async fn the_default_port_may_be_named_or_not() {
    let served = Served::start().await;
    for (host, origin, status) in [
        ("app.example:443", "https://app.example", 101),
        ("app.example:80", "http://app.example", 101),
        ("app.example", "https://app.example", 101),
        ("app.example:443", "http://app.example", 403),
        ("app.example:8443", "https://app.example", 403),
    ] {
        let found = handshake(served.server.address(), &[("Host", host), ("Origin", origin)]).await;
        assert_eq!(found, status, "{host} {origin}");
    }
    // liveops trusts `Sec-Fetch-Site` of a WebSocket, as it does for forms.
    let headers = [
        ("Host", "internal:3000"),
        ("Origin", "https://app.example"),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    assert_eq!(handshake(served.server.address(), &headers).await, 101);
}

#[tokio::test]
async fn a_viewer_without_an_id_is_refused() {
    let app = TestApp::eager().await;
    for path in ["/live/", "/live/ws", "/live/events"] {
        let found = status(&app.router, asks("GET", path, &[("x-user", "")])).await;
        assert_eq!(found, StatusCode::FORBIDDEN, "{path}");
    }
    // Also checks a real connection, on which a socket could open.
    let server = Server::start(app.router.clone()).await;
    assert_eq!(handshake(server.address(), &[("Host", "a"), ("x-user", "")]).await, 403);
}
