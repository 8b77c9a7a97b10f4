//! What users get through nginx, with the configuration that `docs/deployment.md` has.

use std::time::Duration;

use axum::{Router, http::StatusCode, routing::get};
use liveops::{
    Config, OperationState, RunnerKind, SigningKeys,
    channel::MemoryChannelLayer,
    testing::{Server, Socket},
};
use reqwest::{
    Client,
    multipart::{Form, Part},
    redirect::Policy,
};
use serde_json::{Value, json};

use crate::support::{
    app::{Steps, TestApp},
    browser::Browser,
    database::TestDatabase,
    demo::ServedDemo,
    events::Events,
    handshake::handshake,
    nginx::{Nginx, Upstreams},
    served::{SECRET, Served, html, is_subscribed},
    watched::{CONNECTED, CONNECTION_WITNESS, SHOWS_THE_TRUTH, TRANSPORT_WITNESS},
    web_process::{self, WebProcess},
};

const JSON: &str = "application/json";

const STAGES: [&str; 3] = ["Load", "Process", "Save"];

/// How many times the quiet that nginx bears a connection has to survive.
const QUIET_INTERVALS: usize = 7;

/// Not a test but the program of the web processes, which are this program once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the tests start it, as a process of its own"]
async fn web_process() {
    web_process::serve().await;
}

fn with_keepalive(seconds: u64) -> Config {
    let mut config = Config::default();
    config.keepalive = Duration::from_secs(seconds);
    config
}

fn is_end(message: &Value) -> bool {
    message["liveop_finished"].is_object()
}

fn is_ping(message: &Value) -> bool {
    *message == json!({ "type": "ping" })
}

/// Nobody takes a step before what the step before it did has arrived: what nginx kept back until
/// there is more of it would never come.
#[tokio::test]
async fn frames_come_through_a_socket_one_by_one() {
    let served = Served::start().await;
    let Some(nginx) = Nginx::start(Upstreams::only(served.server.address())) else { return };
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = Socket::connect(&nginx.socket_url("/live/ws"), &[]).await;
    served.follow(&mut socket, id, None).await;
    for stage in STAGES {
        let entered = format!("entered {stage}");
        socket.next_matching(&entered, |message| html(message).contains(&entered)).await;
        served.app.gate.open(1);
    }
    socket.next_matching("the end", is_end).await;
}

#[tokio::test]
async fn events_come_through_a_stream_one_by_one() {
    let served = Served::start().await;
    let Some(nginx) = Nginx::start(Upstreams::only(served.server.address())) else { return };
    let mut list = Events::open(&nginx.url("/live/events"), &[]).await;
    let is_news = |event: &eventsource_stream::Event| event.event == "operations-changed";
    list.next_matching(is_news).await;

    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    list.next_matching(is_news).await;
    let url = nginx.url(&format!("/live/test.steps/{id}/events"));
    let mut operation = Events::open(&url, &[]).await;
    for stage in STAGES {
        let entered = format!("entered {stage}");
        operation.until(|message| html(message).contains(&entered)).await;
        served.app.gate.open(1);
    }
    operation.until(is_end).await;
}

#[tokio::test]
async fn connections_outlive_any_quiet_when_the_keepalive_is_shorter_than_the_timeout() {
    let served = Served::with(with_keepalive(1), MemoryChannelLayer::new()).await;
    let upstreams = Upstreams::only(served.server.address());
    let Some(nginx) = Nginx::with_read_timeout(upstreams, "2s") else { return };
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let mut socket = Socket::connect(&nginx.socket_url("/live/ws"), &[]).await;
    served.follow(&mut socket, id, None).await;
    socket.next_matching("the last of what there is", is_subscribed).await;
    let url = nginx.url(&format!("/live/test.steps/{id}/events"));
    let mut stream = Events::open(&url, &[]).await;
    stream.until(is_subscribed).await;

    // A second lies between two of these: nginx has had enough several times over.
    for _ in 0..QUIET_INTERVALS {
        socket.next_matching("a sign of life", is_ping).await;
        stream.until(is_ping).await;
    }
    served.app.gate.open(3);
    socket.next_matching("the end", is_end).await;
    stream.until(is_end).await;
}

#[tokio::test]
async fn a_page_that_is_cut_off_for_its_quiet_comes_back_and_shows_the_truth() {
    let Some(browser) = Browser::open().await else { return };
    let served = Served::with(with_keepalive(60), MemoryChannelLayer::new()).await;
    let upstreams = Upstreams::only(served.server.address());
    let Some(nginx) = Nginx::with_read_timeout(upstreams, "2s") else { return };
    let id = served.app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.on_every_page(TRANSPORT_WITNESS).await;
    browser.on_every_page(CONNECTION_WITNESS).await;
    browser.goto(&nginx.url(&format!("/live/test.steps/{id}/"))).await;
    for times in 1..=3 {
        let came_back = format!("connections.filter(s => s === 'connected').length >= {times}");
        browser.wait_until(&came_back).await;
    }
    let said = browser.evaluate("connections.slice(0, 5)").await;
    assert_eq!(
        said,
        json!(["connected", "reconnecting", "connected", "reconnecting", "connected"])
    );
    assert_eq!(browser.evaluate("transport").await, "websocket");

    served.app.gate.open(3);
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.navigation_count().await, 0);
}

/// An application whose mount is `/app/live`, behind nginx. Whoever leaves the prefix comes to
/// somebody else's application, which has nothing but an icon.
async fn below_a_prefix() -> Option<(TestApp, [Server; 2], Nginx)> {
    let mut config = Config::default();
    config.mount = "/app/live".to_owned();
    let app = TestApp::with(|builder| builder.config(config)).await;
    let ours = Server::start(app.router.clone()).await;
    let icon = Router::new().route("/favicon.ico", get(async || StatusCode::NO_CONTENT));
    let elsewhere = Server::start(icon).await;
    let web = [elsewhere.address(); 2];
    let nginx = Nginx::start(Upstreams { web, prefixed: ours.address() })?;
    Some((app, [ours, elsewhere], nginx))
}

#[tokio::test]
async fn a_page_lives_below_a_prefix() {
    let Some(browser) = Browser::open().await else { return };
    let Some((app, _servers, nginx)) = below_a_prefix().await else { return };
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    browser.on_every_page(TRANSPORT_WITNESS).await;
    let row = format!("[id='op-row-state-{id}'] [data-state=STARTED]");
    browser.goto(&nginx.url("/app/live/")).await;
    browser.wait_for(&row).await;
    assert_eq!(strays(&browser).await, json!([]));
    browser.click(&format!("a[href='/app/live/test.steps/{id}/']")).await;
    browser.wait_until(CONNECTED).await;
    assert_eq!(strays(&browser).await, json!([]));

    assert_eq!(browser.evaluate("transport").await, "websocket");
    browser.click("form[action$='/cancel'] button").await;
    browser.wait_for(".liveop[data-liveop-state=CANCELLED]").await;
    browser.click("form[action$='/retry'] button").await;
    browser.wait_for(".liveop[data-liveop-state=STARTED]").await;
    app.gate.open(3);
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(strays(&browser).await, json!([]));
    assert_eq!(browser.console_errors().await, [""; 0]);
}

/// Every address on the page, and of what it loaded, that is not below the mount.
async fn strays(browser: &Browser) -> Value {
    let script = "(() => {
        const attributes = [...document.querySelectorAll('*')].flatMap(element => [...element.attributes]);
        const named = attributes.map(({ value }) => value).filter(value => /^\\/./.test(value));
        const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
        if (!named.length || !loaded.length) throw new Error('a page without addresses');
        return [...named, ...loaded].filter(path =>
            !path.startsWith('/app/live/') && path !== '/favicon.ico');
    })()";
    browser.evaluate(script).await
}

#[tokio::test]
async fn answers_lead_below_the_prefix() {
    let Some((_app, _servers, nginx)) = below_a_prefix().await else { return };
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let location =
        |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let answer = client.get(nginx.url("/app/live")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &*location(&answer)), (308, "/app/live/"));
    let answer = client.post(nginx.url("/app/live/test.nothing/")).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let page = location(&answer);
    assert!(page.starts_with("/app/live/test.nothing/"), "{page}");

    let json = client.get(nginx.url(&page)).header("accept", JSON).send().await.unwrap();
    assert_eq!(json.json::<Value>().await.unwrap()["url"], page);
    let log = client.get(nginx.url(&format!("{page}log"))).send().await.unwrap();
    assert_eq!(log.status(), 200);
}

#[tokio::test]
async fn a_page_goes_on_with_another_process_when_its_own_is_killed() {
    let Some(browser) = Browser::open().await else { return };
    let Some(database) = TestDatabase::postgres().await else { return };
    let worker = TestApp::on(&database.url(), |builder| {
        builder.runner(RunnerKind::Worker).signing_keys(SigningKeys::new([SECRET]).unwrap())
    })
    .await;
    worker.liveops.start_worker();
    let mut first = WebProcess::start(&database.url()).await;
    let mut second = WebProcess::start(&database.url()).await;
    let web = [first.address, second.address];
    let Some(nginx) = Nginx::start(Upstreams { web, prefixed: first.address }) else { return };

    let id = worker.liveops.enqueue(Steps {}, "ann").await.unwrap();
    let page = nginx.url(&format!("/live/test.steps/{id}/"));
    browser.on_every_page(TRANSPORT_WITNESS).await;
    browser.goto(&page).await;
    browser.wait_until(CONNECTED).await;
    let (its_own, mut other) = tokio::select! {
        () = first.is_asked_for_a_socket() => (first, second),
        () = second.is_asked_for_a_socket() => (second, first),
    };
    its_own.kill();
    other.is_asked_for_a_socket().await;
    worker.gate.open(3);
    worker.reaches(id, OperationState::FinishedOk).await;
    browser.wait_for(".liveop[data-liveop-state=FINISHED_OK]").await;
    browser.wait_until(SHOWS_THE_TRUTH).await;
    assert_eq!(browser.evaluate("transport").await, "websocket");
    assert_eq!(browser.navigation_count().await, 0);

    // Nor does anybody else notice that one is gone, not even who sends a form.
    for _ in 0..4 {
        assert_eq!(reqwest::get(&page).await.unwrap().status(), 200);
        let created = Client::new().post(nginx.url("/live/test.nothing/")).send().await.unwrap();
        assert_eq!(created.status(), 200, "{}", created.url());
    }
}

#[tokio::test]
async fn only_pages_of_the_public_host_connect_and_act() {
    let served = Served::start().await;
    let Some(nginx) = Nginx::start(Upstreams::only(served.server.address())) else { return };
    for (host, origin, is_ours) in [
        // Where nginx ends TLS, the web process is asked without it.
        ("example.com", "https://example.com", true),
        ("example.com", "http://example.com", true),
        ("example.com:8443", "https://example.com:8443", true),
        ("example.com", "https://evil.example", false),
        ("example.com", "https://example.com:8443", false),
        ("example.com", "null", false),
    ] {
        let headers = [("Host", host), ("Origin", origin)];
        let status = handshake(nginx.address(), &headers).await;
        assert_eq!(status, if is_ours { 101 } else { 403 }, "{host}, {origin}");

        let form = Client::builder().redirect(Policy::none()).build().unwrap();
        let form = form.post(nginx.url("/live/test.nothing/"));
        let form = headers.iter().fold(form, |form, (name, value)| form.header(*name, *value));
        let status = form.send().await.unwrap().status().as_u16();
        assert_eq!(status, if is_ours { 303 } else { 403 }, "{host}, {origin}");
    }
}

#[tokio::test]
async fn how_a_process_feels_is_not_public() {
    let everywhere = Server::start(Router::new().fallback(async || "all of it")).await;
    let Some(nginx) = Nginx::start(Upstreams::only(everywhere.address())) else { return };
    for (path, status) in
        [("/healthz", 404), ("/readyz", 404), ("/metrics", 404), ("/metrics/more", 200), ("/", 200)]
    {
        assert_eq!(reqwest::get(nginx.url(path)).await.unwrap().status(), status, "{path}");
    }
}

/// Larger than what nginx takes unless it is told to.
#[tokio::test]
async fn a_large_file_is_uploaded() {
    const ROWS: usize = 100_000;
    let demo = ServedDemo::with(|settings| settings.runner = RunnerKind::Eager).await;
    let Some(nginx) = Nginx::start(Upstreams::only(demo.server.address())) else { return };
    let file = std::fs::read(demo.scores(ROWS)).unwrap();
    assert!(file.len() > 2 << 20, "{}", file.len());

    let client = Client::builder().cookie_store(true).build().unwrap();
    let signed_in = client.post(nginx.url("/login")).form(&[("user", "ann")]).send().await;
    assert_eq!(signed_in.unwrap().status(), 200);
    let form = Form::new().part("file", Part::bytes(file).file_name("scores.csv"));
    let page = client
        .post(nginx.url("/live/demo.score_import/"))
        .multipart(form)
        .header("accept", JSON)
        .send();
    let page: Value = page.await.unwrap().json().await.unwrap();
    let page = nginx.url(page["url"].as_str().unwrap());
    let imported = client.get(page).header("accept", JSON).send().await.unwrap();
    let imported: Value = imported.json().await.unwrap();
    assert_eq!(imported["state"], "FINISHED_OK", "{imported}");
    assert_eq!(imported["result"]["total"], ROWS, "{imported}");
}
