//! A process says which of its parts does not answer, in a time that one can wait for.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use demo::{
    Demo, Secrets, Settings,
    site::{self, Sessions, Site},
};
use liveops::{
    LiveOps,
    channel::{ChannelError, ChannelLayer, MemoryChannelLayer},
    runner::{Health, ProbeError},
    store,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use tokio::{net::lookup_host, time::timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use url::Url;

use crate::{
    cluster::Cluster,
    support::{
        app::TestApp,
        database::on_every_database,
        layer::{LayerOverrides, Overridden},
        need::need,
        proxy::Proxy,
        redis::RedisServer,
        until::until,
    },
};

/// A layer whose backend does not answer.
#[derive(Debug, Clone)]
struct Away {
    inner: MemoryChannelLayer,
    how: How,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Fails,
    Hangs,
}

#[async_trait]
impl LayerOverrides for Away {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.inner
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        match self.how {
            How::Fails => Err(ChannelError::new("answer", "10.0.0.7 refused the connection")),
            How::Hangs => std::future::pending().await,
        }
    }
}

impl Away {
    fn layer(how: How) -> Overridden<Self> {
        Overridden(Self { inner: MemoryChannelLayer::new(), how })
    }
}

/// The demo's routes for probes, over operations of which nothing is registered.
async fn probes(db_url: &str, layer: impl ChannelLayer) -> Router {
    let db = store::connect(db_url).await.unwrap();
    let liveops = LiveOps::builder(db).channel_layer(layer).build().unwrap();
    liveops.migrate().await.unwrap();
    let site = Site {
        liveops,
        sessions: Sessions::new(&Secrets::random()),
        recorder: PrometheusBuilder::new().build_recorder().handle(),
        leaving: CancellationToken::new(),
    };
    site::probes().with_state(site)
}

async fn get(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, body) = (response.status(), response.into_body());
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// What `/readyz` says of each part, and of all of them.
async fn readiness(router: &Router) -> (StatusCode, [bool; 2], Value) {
    let answer = timeout(Duration::from_secs(30), get(router, "/readyz")).await;
    let (status, body) = answer.expect("a probe that takes so long is as bad as none");
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(report["ready"], status == StatusCode::OK, "{report}");
    let part = |name: &str| report[name]["ok"].as_bool().unwrap();
    (status, [part("database"), part("channel_layer")], report)
}

#[tokio::test]
async fn a_database_that_is_gone_is_named_and_one_that_is_back_is_ready() {
    // Of its own, as others use the one that there is; but where there is none, none can be made.
    if need("PostgreSQL", "LIVEOPS_TEST_POSTGRES_URL").is_none() {
        return;
    }
    // It shall remember its tables.
    let server = Cluster::start("-c synchronous_commit=on").unwrap();
    let router = probes(&server.url(), MemoryChannelLayer::new()).await;
    let (status, parts, report) = readiness(&router).await;
    assert_eq!((status, parts), (StatusCode::OK, [true, true]), "{report}");

    server.stop("immediate").unwrap();
    let (status, parts, report) = readiness(&router).await;
    assert_eq!((status, parts), (StatusCode::SERVICE_UNAVAILABLE, [false, true]), "{report}");
    assert!(report["database"]["error"].is_string(), "{report}");
    assert_eq!(get(&router, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()));

    server.run().unwrap();
    until_ready(&router).await;
}

#[tokio::test]
async fn a_redis_that_cannot_be_reached_is_named_and_one_that_is_back_is_ready() {
    let Some(url) = need("Redis", "LIVEOPS_TEST_REDIS_URL") else { return };
    let url = Url::parse(&url).unwrap();
    let server = (url.host_str().unwrap(), url.port().unwrap_or(6_379));
    let server = lookup_host(server).await.unwrap().next().unwrap();
    let network = Proxy::start(server).await;
    let mut settings = Settings::in_memory();
    settings.redis_url = Some(network.url("/").replace("http:", "redis:"));
    let demo = Demo::start(settings).await.unwrap();
    let router = demo.router();
    for break_down in [Proxy::cut, Proxy::swallow] {
        until_ready(&router).await;
        break_down(&network);
        let (status, parts, report) = readiness(&router).await;
        assert_eq!((status, parts), (StatusCode::SERVICE_UNAVAILABLE, [true, false]), "{report}");
        network.forward();
    }
    until_ready(&router).await;
    demo.liveops().shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_redis_that_refuses_is_named_and_one_that_accepts_again_is_ready() {
    let Some(redis) = RedisServer::start() else { return };
    let mut settings = Settings::in_memory();
    settings.redis_url = Some(redis.url());
    let demo = Demo::start(settings).await.unwrap();
    let router = demo.router();
    for (begin, end) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ] {
        until_ready(&router).await;
        let () = redis.ask(begin).await;
        let (status, parts, report) = readiness(&router).await;
        assert_eq!((status, parts), (StatusCode::SERVICE_UNAVAILABLE, [true, false]), "{report}");
        let () = redis.ask(end).await;
    }
    until_ready(&router).await;
    demo.liveops().shutdown(Duration::ZERO).await;
}

/// Connections that broke are made anew after pauses.
async fn until_ready(router: &Router) {
    until("everything is back", async || readiness(router).await.0 == StatusCode::OK).await;
}

#[tokio::test]
async fn a_channel_layer_that_fails_is_named_and_nothing_inside_is_given_away() {
    for how in [How::Fails, How::Hangs] {
        let router = probes("sqlite::memory:", Away::layer(how)).await;
        let (status, parts, report) = readiness(&router).await;
        assert_eq!((status, parts), (StatusCode::SERVICE_UNAVAILABLE, [true, false]), "{report}");
        assert!(!report.to_string().contains("10.0.0.7"), "{report}");
        assert_eq!(get(&router, "/healthz").await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_answers_nothing_is_not_waited_for_longer_than_it_says() {
    let app = TestApp::with(|builder| builder.channel_layer(Away::layer(How::Hangs))).await;
    let Health { database, channel_layer, is_shutting_down, .. } = app.liveops.health().await;
    assert!(database.is_ok() && !is_shutting_down, "{database:?}");
    let Err(ProbeError::TimedOut { after }) = channel_layer else { panic!("{channel_layer:?}") };
    assert_eq!(after, Duration::from_secs(2));
}

#[tokio::test]
async fn what_is_in_the_way_is_told_with_its_cause() {
    let app = TestApp::with(|builder| builder.channel_layer(Away::layer(How::Fails))).await;
    let error = app.liveops.health().await.channel_layer.unwrap_err();
    assert_eq!(error.to_string(), "the channel layer failed to answer");
    assert_eq!(error.source().unwrap().to_string(), "10.0.0.7 refused the connection");
}

on_every_database! {
    async fn a_process_is_ready_until_it_shuts_down(db: TestDatabase) {
        let app = TestApp::on(&db.url(), |builder| builder).await;
        let health = app.liveops.health().await;
        assert!(health.is_ready(), "{health:?}");
        app.liveops.shutdown(Duration::ZERO).await;
        let health = app.liveops.health().await;
        assert!(health.is_shutting_down && !health.is_ready(), "{health:?}");
        assert!(health.database.is_ok() && health.channel_layer.is_ok(), "{health:?}");
    }

    async fn a_database_without_the_tables_is_not_ready(db: TestDatabase) {
        let connection = store::connect(&db.url()).await.unwrap();
        let liveops = LiveOps::builder(connection).build().unwrap();
        assert!(matches!(liveops.health().await.database, Err(ProbeError::Failed(_))));
        liveops.migrate().await.unwrap();
        assert!(liveops.health().await.is_ready());
    }
}
