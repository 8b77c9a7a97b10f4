use std::{fmt::Write, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use liveops::OperationState;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::support::{Browser, Fixture};

/// A demo that serves, for clients that subscribe over a WebSocket.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn of(fixture: &Fixture) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(fixture.demo.clone().serve(listener, async {
            // The sender was dropped with the test, or sent a stop signal: both mean stop.
            let _ = stopped.await;
        }));
        Self { address, stop, serving }
    }

    async fn follow(&self, browser: &Browser, operation: &Value) -> Follower {
        let mut request = format!("ws://{}/live/ws", self.address).into_client_request().unwrap();
        let cookie = browser.cookie.as_ref().unwrap().parse().unwrap();
        request.headers_mut().insert("cookie", cookie);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let subscribe = json!({ "type": "subscribe", "token": operation["token"] });
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        Follower { socket }
    }
}

struct Follower {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Follower {
    /// Waits for the expected message, with a timeout.
    async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        let wait = async {
            loop {
                let message = self.socket.next().await.expect("the socket stays open").unwrap();
                let Message::Text(text) = message else { continue };
                let message: Value = serde_json::from_str(&text).unwrap();
                if is_it(&message) {
                    return message;
                }
            }
        };
        time::timeout(Duration::from_secs(30), wait).await.expect("the message comes")
    }

    async fn until_html(&mut self, text: &str) {
        self.until(|message| {
            message["liveop_html"].as_str().is_some_and(|html| html.contains(text))
        })
        .await;
    }

    async fn until_the_end(&mut self) -> String {
        let end = self.until(|message| message["liveop_finished"].is_object()).await;
        end["liveop_finished"]["state"].as_str().unwrap().to_owned()
    }
}

async fn cancel(browser: &Browser, operation: &Value) {
    let url = operation["url"].as_str().unwrap();
    browser.post(&format!("{url}cancel"), "").await;
}

#[tokio::test]
async fn an_endless_task_runs_until_it_is_cancelled() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let task = ann.start("demo.endless_task", json!({})).await;
    let mut follower = server.follow(&ann, &task).await;
    follower.until_html("Running for").await;
    cancel(&ann, &task).await;
    assert_eq!(follower.until_the_end().await, "CANCELLED");
}

#[tokio::test]
async fn a_cancelled_import_leaves_no_scores() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let mut file = "student,course,score\n".to_owned();
    for row in 0..5_000 {
        writeln!(file, "Ann,MATH-101,{}", row % 100).unwrap();
    }
    let input = json!({ "file": fixture.upload(file), "pace_ms": 10_000 });
    let import = ann.start("demo.score_import", input).await;
    let mut follower = server.follow(&ann, &import).await;
    // The reader can be this far ahead only after a batch was written.
    follower.until_html("1,499 of 5,000 rows").await;
    assert!(fixture.drafts(&import).await > 0);
    cancel(&ann, &import).await;

    assert_eq!(follower.until_the_end().await, "CANCELLED");
    assert_eq!(fixture.scores(&import).await, 0);
    assert_eq!(fixture.drafts(&import).await, 0);
}

#[tokio::test]
async fn an_open_socket_does_not_keep_the_server_from_stopping() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let task = ann.start("demo.endless_task", json!({})).await;
    let mut follower = server.follow(&ann, &task).await;
    follower.until_html("Running for").await;

    server.stop.send(()).unwrap();
    let stopped = time::timeout(Duration::from_secs(30), server.serving).await;
    stopped.expect("the server stops").unwrap().unwrap();
    // The operation, which would run for ever, has no attempt left.
    let id = task["id"].as_str().unwrap().parse().unwrap();
    let row = fixture.demo.liveops().find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedError);
    assert_eq!(row.error_message.as_deref(), Some("Interrupted by a restart."));
}
