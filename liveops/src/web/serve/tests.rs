//! Tests of the server over real sockets, with a paused clock.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    response::Sse,
    response::sse::Event,
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    time::Instant,
};

use super::{Serve, serve};

const SECOND: Duration = Duration::from_secs(1);

async fn start(router: Router, limits: impl FnOnce(Serve) -> Serve) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(limits(serve(listener, router)).into_future());
    address
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello").post(async |_: Bytes| "received"))
}

async fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Reads until the server closes the connection. A reset counts as the end.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

async fn read_answer(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        text.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[track_caller]
fn assert_took(start: Instant, expected: Duration) {
    let took = start.elapsed();
    assert!(took.abs_diff(expected) < SECOND, "took {took:?} instead of {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_half_a_header_is_closed_after_the_header_timeout() {
    let address = start(hello(), |server| server).await;
    for text in ["", "G", "GET / HTTP/1.1\r\nHost: a\r\nX-Half: "] {
        let begun = Instant::now();
        let mut stream = connect(address, text).await;
        assert_eq!(read_all(&mut stream).await, "", "{text:?}");
        assert_took(begun, 15 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_that_arrives_byte_by_byte_is_late_as_well() {
    let address = start(hello(), |server| server).await;
    let begun = Instant::now();
    let (mut reader, mut writer) = connect(address, "GET / HTTP/1.1\r\n").await.into_split();
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"X-A: b\r\n").await.is_ok() {
            tokio::time::sleep(4 * SECOND).await;
        }
    });
    let mut text = Vec::new();
    let _ = reader.read_to_end(&mut text).await;
    assert_eq!(text, b"");
    assert!(begun.elapsed() < 20 * SECOND, "{:?}", begun.elapsed());
    dripping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_next_request_has_the_idle_timeout_to_begin_and_the_header_timeout_to_arrive() {
    let address = start(hello(), |server| server).await;
    let mut stream = connect(address, GET).await;
    read_answer(&mut stream, "hello").await;
    tokio::time::sleep(60 * SECOND).await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    read_answer(&mut stream, "hello").await;

    let idle_since = Instant::now();
    assert_eq!(read_all(&mut stream).await, "");
    assert_took(idle_since, 75 * SECOND);

    let mut stream = connect(address, GET).await;
    read_answer(&mut stream, "hello").await;
    let begun = Instant::now();
    stream.write_all(b"GET /").await.unwrap();
    assert_eq!(read_all(&mut stream).await, "");
    assert_took(begun, 15 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_answered_with_408() {
    let address = start(hello(), |server| server).await;
    let begun = Instant::now();
    let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf";
    let answer = read_all(&mut connect(address, text).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_took(begun, 15 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_received_as_long_as_it_arrives() {
    let address = start(hello(), |server| server).await;
    let length = 60 * 600;
    let text = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = connect(address, &text).await;
    for _ in 0..60 {
        tokio::time::sleep(SECOND).await;
        stream.write_all(&[b'a'; 600]).await.unwrap();
    }
    let answer = read_answer(&mut stream, "received").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

/// A body that sends a message when it is dropped.
struct Dropped(Option<oneshot::Sender<()>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.take().unwrap().send(());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_is_given_up() {
    let (sender, dropped) = oneshot::channel();
    let sender = Arc::new(Mutex::new(Some(Dropped(Some(sender)))));
    let endless = move || {
        let guard = sender.lock().unwrap().take();
        let chunks = stream::repeat_with(move || {
            assert!(guard.is_some(), "the route is requested once");
            Ok::<_, Infallible>(Bytes::from_static(&[b'a'; 4096]))
        });
        async { Body::from_stream(chunks) }
    };
    let address = start(Router::new().route("/", get(endless)), |server| server).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let begun = Instant::now();
    stream.write_all(GET.as_bytes()).await.unwrap();
    dropped.await.unwrap();
    assert_took(begun, 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_without_events_and_a_slow_handler_are_not_cut_off() {
    let hour = 3600 * SECOND;
    let events = move || async move {
        let event = async move {
            tokio::time::sleep(hour).await;
            Ok::<_, Infallible>(Event::default().data("late"))
        };
        Sse::new(stream::once(event).boxed())
    };
    let slow = move || async move {
        tokio::time::sleep(hour).await;
        "late"
    };
    let router = Router::new().route("/events", get(events)).route("/slow", get(slow));
    let address = start(router, |server| server).await;
    for path in ["/events", "/slow"] {
        let text = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut stream = connect(address, &text).await;
        let answer = read_answer(&mut stream, "late").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn connections_without_a_request_make_room_for_new_ones() {
    let address = start(hello(), |server| server.connections_max(50)).await;
    let mut held = Vec::new();
    for _ in 0..500 {
        held.push(connect(address, "GET / HTTP/1.1\r\nX-Half: ").await);
    }
    let mut stream = connect(address, GET).await;
    read_answer(&mut stream, "hello").await;
    // The server has closed the oldest connections.
    assert_eq!(read_all(&mut held[0]).await, "");
}

#[tokio::test]
async fn requests_that_wait_for_their_body_make_room_for_new_ones() {
    let address = start(hello(), |server| server.connections_max(2)).await;
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n";
    let continued = format!("{post}Expect: 100-continue\r\n\r\n");
    let mut first = connect(address, &continued).await;
    // The handler waits for the body.
    read_answer(&mut first, "\r\n\r\n").await;
    let mut second = connect(address, GET).await;
    read_answer(&mut second, "hello").await;
    // An idle connection and one that waits for a body: the latter has waited longer.
    let mut third = connect(address, GET).await;
    read_answer(&mut third, "hello").await;
    assert_eq!(read_all(&mut first).await, "");
}

#[tokio::test]
async fn connections_with_a_request_are_never_closed_for_new_ones() {
    let (release, released) = oneshot::channel::<()>();
    let released = Arc::new(tokio::sync::Mutex::new(Some(released)));
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let wait = move || {
        let (released, began) = (released.clone(), began.clone());
        async move {
            let released = released.lock().await.take().unwrap();
            began.send(()).unwrap();
            released.await.unwrap();
            "released"
        }
    };
    let router = hello().route("/wait", get(wait));
    let address = start(router, |server| server.connections_max(1)).await;
    let mut first = connect(address, "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    begun.recv().await.unwrap();
    let mut second = connect(address, GET).await;
    release.send(()).unwrap();
    // The first connection is idle after its answer, and then makes room.
    read_answer(&mut first, "released").await;
    read_answer(&mut second, "hello").await;
    assert_eq!(read_all(&mut first).await, "");
}

#[tokio::test]
async fn the_server_ends_with_its_last_request() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", post(async |body: Bytes| body));
    let server = serve(listener, router).with_graceful_shutdown(async { stopped.await.unwrap() });
    let serving = tokio::spawn(server.into_future());
    let mut idle =
        connect(address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    read_answer(&mut idle, "\r\n\r\n").await;
    let mut busy = connect(
        address,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
    )
    .await;
    // The handler reads the body.
    read_answer(&mut busy, "\r\n\r\n").await;
    stop.send(()).unwrap();
    assert_eq!(read_all(&mut idle).await, "");
    assert!(TcpStream::connect(address).await.is_err(), "the server accepts no more");
    busy.write_all(b"last").await.unwrap();
    assert!(read_all(&mut busy).await.ends_with("last"));
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_does_not_keep_the_server_from_ending() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = serve(listener, hello()).with_graceful_shutdown(async { stopped.await.unwrap() });
    let serving = tokio::spawn(server.into_future());
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let mut slow = connect(address, head).await;
    tokio::time::sleep(SECOND).await;
    stop.send(()).unwrap();
    let stopped_on = Instant::now();
    // As fast as the timeout of a body demands.
    while !serving.is_finished() && stopped_on.elapsed() < 90 * SECOND {
        tokio::time::sleep(SECOND).await;
        let _ = slow.write_all(&[b'a'; 600]).await;
    }
    let took = stopped_on.elapsed();
    assert!((40 * SECOND..=42 * SECOND).contains(&took), "{took:?}");
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn handlers_find_the_address_of_the_client() {
    let address = async |ConnectInfo(client): ConnectInfo<SocketAddr>| client.to_string();
    let server = start(Router::new().route("/", get(address)), |server| server).await;
    let mut stream = connect(server, GET).await;
    let own = stream.local_addr().unwrap().to_string();
    read_answer(&mut stream, &own).await;
}
