//! A demo that serves on a port, and clients that follow operations over a WebSocket.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
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
pub(crate) struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn of(fixture: &Fixture) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(fixture.demo.clone().serve(listener, async {
            // The sender was dropped with the test, or sent a stop signal: both mean stop.
            let _ = stopped.await;
        }));
        Self { address, stop, serving }
    }

    pub(crate) async fn follow(&self, browser: &Browser, operation: &Value) -> Follower {
        let mut request = format!("ws://{}/live/ws", self.address).into_client_request().unwrap();
        let cookie = browser.cookie.as_ref().unwrap().parse().unwrap();
        request.headers_mut().insert("cookie", cookie);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let subscribe = json!({ "type": "subscribe", "token": operation["token"] });
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
        Follower { socket }
    }

    /// Starts an operation that runs until it is cancelled, and follows it.
    pub(crate) async fn start_endless(&self, browser: &Browser) -> (Value, Follower) {
        let task = browser.start("demo.endless_task", json!({})).await;
        let mut follower = self.follow(browser, &task).await;
        follower.until_html("Running for").await;
        (task, follower)
    }

    /// Stops the server, and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        let stopped = time::timeout(Duration::from_secs(30), self.serving).await;
        stopped.expect("the server stops").unwrap().unwrap();
    }
}

pub(crate) struct Follower {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Follower {
    /// Waits for the expected message, with a timeout.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
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

    pub(crate) async fn until_html(&mut self, text: &str) {
        self.until(|message| {
            message["liveop_html"].as_str().is_some_and(|html| html.contains(text))
        })
        .await;
    }

    pub(crate) async fn until_the_end(&mut self) -> String {
        let end = self.until(|message| message["liveop_finished"].is_object()).await;
        end["liveop_finished"]["state"].as_str().unwrap().to_owned()
    }
}
