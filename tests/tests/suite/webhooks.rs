//! Webhooks: signed requests to a real receiver, which may fail in every way and delays nothing.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use futures_util::stream;
use liveops::{
    Config, LiveOps, OperationId,
    runner::{BuildError, Builder},
    store,
    webhook::{self, SIGNATURE_HEADER, SignatureError, Webhook},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use crate::support::{
    app::{Ending, Gate, Greeting, How, Nothing, TestApp},
    database::on_every_database,
    log::Log,
    until::until,
};

const SECRET: &[u8] = b"a secret of at least 32 bytes, of the tests";

const TOLERANCE: Duration = Duration::from_secs(300);

type Answering = Arc<dyn Fn(usize) -> Response + Send + Sync>;

/// A receiver that keeps the requests.
#[derive(Clone)]
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answer: Answering,
}

impl Receiver {
    /// Answers each request by its number, from 0.
    async fn answering(answer: impl Fn(usize) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=hidden", listener.local_addr().unwrap());
        let receiver = Self { url, requests: Arc::default(), answer: Arc::new(answer) };
        let router = Router::new().route("/hook", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    async fn accepting() -> Self {
        Self::answering(|_| StatusCode::NO_CONTENT.into_response()).await
    }

    fn webhook(&self) -> Webhook {
        Webhook::new(&self.url, SECRET)
    }

    fn requests(&self) -> Vec<(HeaderMap, Bytes)> {
        self.requests.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<Value> {
        let requests = self.requests().into_iter();
        requests.map(|(_, body)| serde_json::from_slice(&body).unwrap()).collect()
    }

    async fn gets(&self, count: usize) {
        let what = format!("there are {count} requests");
        until(&what, async || self.requests.lock().unwrap().len() >= count).await;
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let number = {
        let mut requests = receiver.requests.lock().unwrap();
        requests.push((headers, body));
        requests.len() - 1
    };
    (receiver.answer)(number)
}

fn quick(builder: Builder<Gate>) -> Builder<Gate> {
    let mut config = Config::default();
    (config.poll_interval, config.hook_timeout) =
        (Duration::from_millis(10), Duration::from_secs(1));
    builder.config(config)
}

fn greeting() -> Greeting {
    Greeting { name: "Ann".into() }
}

async fn is_settled(app: &TestApp) -> bool {
    let backend = app.db.get_database_backend();
    let count = Statement::from_string(backend, "SELECT COUNT(*) FROM liveops_outbox");
    let row = app.db.query_one_raw(count).await.unwrap().unwrap();
    row.try_get_by_index::<i64>(0).unwrap() == 0
}

/// Enqueues an operation, and waits until its request was accepted or given up.
async fn settle(app: &TestApp) -> OperationId {
    let id = app.liveops.enqueue(greeting(), "ann").await.unwrap();
    app.ends(id).await;
    until("the outbox is empty", async || is_settled(app).await).await;
    id
}

on_every_database! {
    async fn each_end_is_a_signed_request(db: TestDatabase) {
        let receiver = Receiver::accepting().await;
        let app = TestApp::on(&db.url(), |builder| quick(builder).webhook(receiver.webhook())).await;
        let finished = app.liveops.enqueue(greeting(), "ann").await.unwrap();
        app.ends(finished).await;
        receiver.gets(1).await;
        let failed = app.liveops.enqueue(Ending { how: How::UserError }, "bob").await.unwrap();
        app.ends(failed).await;
        receiver.gets(2).await;
        until("the outbox is empty", async || is_settled(&app).await).await;

        let [of_finished, of_failed] = &receiver.bodies()[..] else { panic!("two requests") };
        let row = app.liveops.find(finished).await.unwrap().unwrap();
        assert_eq!(*of_finished, json!({
            "key": format!("{finished}-1"),
            "id": finished,
            "type": "test.greeting",
            "owner": "ann",
            "state": "FINISHED_OK",
            "output": { "greeting": "Hello, Ann!", "letters": 3 },
            "error": null,
            "created_on": row.created_on,
            "started_on": row.started_on,
            "finished_on": row.finished_on,
        }));
        assert_eq!((&of_failed["state"], &of_failed["output"]), (&json!("FINISHED_ERROR"), &Value::Null));
        assert_eq!(of_failed["error"], "The file has no header");
        for (headers, body) in receiver.requests() {
            assert_eq!(headers[header::CONTENT_TYPE], "application/json");
            let signature = headers[SIGNATURE_HEADER].to_str().unwrap();
            assert_eq!(webhook::verify(SECRET, signature, &body, TOLERANCE), Ok(()));
            let other = webhook::verify(&[0; 32], signature, &body, TOLERANCE);
            assert_eq!(other, Err(SignatureError::Mismatch));
        }
    }

    async fn a_failed_request_is_repeated_with_the_same_key(db: TestDatabase) {
        let receiver = Receiver::answering(|number| match number {
            0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            1 => StatusCode::NOT_FOUND.into_response(),
            _ => StatusCode::OK.into_response(),
        })
        .await;
        let log = Log::begin();
        let app = TestApp::on(&db.url(), |builder| quick(builder).webhook(receiver.webhook())).await;
        let id = settle(&app).await;
        let keys: Vec<_> = receiver.bodies().iter().map(|body| body["key"].clone()).collect();
        assert_eq!(keys, vec![json!(format!("{id}-1")); 3]);
        let lines = log.lines();
        for answer in ["answered 500", "answered 404"] {
            assert!(lines.iter().any(|line| line.text.contains(answer)), "{answer}");
        }
        assert!(!lines.iter().any(|line| line.text.contains("hidden")), "the query may be a password");
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_no_further_request() {
    let receiver = Receiver::answering(|_| StatusCode::GONE.into_response()).await;
    let app = TestApp::with(|builder| quick(builder).webhook(receiver.webhook())).await;
    settle(&app).await;
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn a_receiver_can_request_a_longer_wait() {
    let receiver = Receiver::answering(|number| match number {
        0 => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "3")]).into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let app = TestApp::with(|builder| quick(builder).webhook(receiver.webhook())).await;
    app.liveops.enqueue(greeting(), "ann").await.unwrap();
    receiver.gets(1).await;
    let begun = Instant::now();
    receiver.gets(2).await;
    // The first wait would be one second.
    assert!(begun.elapsed() > Duration::from_millis(2_500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Receiver::accepting().await;
    let url = other.url.clone();
    let receiver = Receiver::answering(move |number| match number {
        0 => Redirect::temporary(&url).into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let app = TestApp::with(|builder| quick(builder).webhook(receiver.webhook())).await;
    settle(&app).await;
    assert_eq!((receiver.requests().len(), other.requests().len()), (2, 0));
}

#[tokio::test]
async fn a_webhook_of_some_types_gets_no_other_ends() {
    let receiver = Receiver::accepting().await;
    let webhook = receiver.webhook().for_type::<Greeting>().for_type::<Ending>();
    let app = TestApp::with(|builder| quick(builder).webhook(webhook)).await;
    let nothing = app.liveops.enqueue(Nothing, "ann").await.unwrap();
    app.ends(nothing).await;
    settle(&app).await;
    let types: Vec<_> = receiver.bodies().iter().map(|body| body["type"].clone()).collect();
    assert_eq!(types, ["test.greeting"]);
}

/// Answers with a body that never ends.
fn endless() -> Response {
    let chunks = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 64 << 10])));
    Body::from_stream(chunks).into_response()
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let receiver = Receiver::answering(|_| endless()).await;
    let app = TestApp::with(|builder| quick(builder).webhook(receiver.webhook())).await;
    settle(&app).await;
    assert_eq!(receiver.requests().len(), 1);
}

/// A receiver below HTTP, which does the same with each connection.
async fn raw<Served: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> Served + Send + Sync + 'static,
) -> Webhook {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    Webhook::new(url, SECRET)
}

/// Runs more operations than the broken webhook has requests at once, and asserts that they end, and that another
/// webhook gets their ends.
async fn delays_nothing(broken: Webhook, error: &str) {
    let (receiver, log) = (Receiver::accepting().await, Log::begin());
    let app =
        TestApp::with(|builder| quick(builder).webhook(broken).webhook(receiver.webhook())).await;
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(app.liveops.enqueue(greeting(), "ann").await.unwrap());
    }
    for id in ids {
        app.ends(id).await;
    }
    receiver.gets(40).await;
    until("the log has the failure", async || {
        log.lines().iter().any(|line| line.text.contains(error))
    })
    .await;
    assert!(!is_settled(&app).await, "the ends are kept for the broken webhook");
    app.liveops.shutdown(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nothing() {
    async fn hang(_open: TcpStream) {
        std::future::pending::<()>().await;
    }
    delays_nothing(raw(hang).await, "did not return within 1s").await;
}

#[tokio::test]
async fn a_receiver_that_trickles_delays_nothing() {
    let trickle = |mut stream: TcpStream| async move {
        let mut text = b"HTTP/1.1 200 OK\r\nx: ".iter().chain(std::iter::repeat(&b'x'));
        while let Some(byte) = text.next()
            && stream.write_all(&[*byte]).await.is_ok()
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    delays_nothing(raw(trickle).await, "did not return within 1s").await;
}

#[tokio::test]
async fn a_receiver_with_endless_headers_delays_nothing_and_is_cut_off() {
    let flood = |mut stream: TcpStream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
        while stream.write_all(&[b'x'; 4 << 10]).await.is_ok() {}
    };
    delays_nothing(raw(flood).await, "could not get an answer").await;
}

#[tokio::test]
async fn a_receiver_that_refuses_connections_delays_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    delays_nothing(Webhook::new(url, SECRET), "could not connect").await;
}

#[tokio::test]
async fn an_invalid_webhook_is_refused_when_the_application_is_built() {
    for (url, secret, flaw) in [
        ("ftp://example.org/", SECRET, "`https://` or `http://`"),
        ("http://example.org/", &SECRET[..9], "at least 32 bytes"),
        ("https://ann:password@example.org/", SECRET, "without a user"),
    ] {
        let db = store::connect("sqlite::memory:").await.unwrap();
        let error = LiveOps::builder(db).webhook(Webhook::new(url, secret)).build().err().unwrap();
        assert!(matches!(error, BuildError::Webhook { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(flaw) && !text.contains("password"), "{text}");
    }
    let db = store::connect("sqlite::memory:").await.unwrap();
    let twice = || Webhook::new("http://example.org/hook", SECRET);
    let error = LiveOps::builder(db).webhook(twice()).webhook(twice()).build().err().unwrap();
    assert!(error.to_string().contains("another webhook has this URL"), "{error}");
}
