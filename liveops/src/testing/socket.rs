//! A WebSocket client for tests, with messages as JSON values.

use std::{future::Future, panic::Location, time::Duration};

use axum::http::StatusCode;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, ClientRequestBuilder, Message, protocol::CloseFrame},
};

/// Timeout of every wait: far longer than the server needs on the slowest machine.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// A WebSocket client for JSON messages. Every wait has a timeout of 30 seconds, and then panics with a
/// description of the awaited message.
///
/// [`Client`](super::Client) has typed messages. A `Socket` returns messages in their wire format.
///
/// ```
/// use liveops::{Viewer, testing::Application};
/// use serde_json::json;
///
/// # #[tokio::main]
/// # async fn main() {
/// let app = Application::start(|builder| builder).await;
/// let mut ann = app.connect(Viewer::new("ann")).await;
/// let socket = ann.socket();
/// socket.send(&json!({ "type": "subscribe", "token": "forged" })).await;
/// let refusal = socket.next_matching("a refusal", |message| message["type"] == "error").await;
/// assert_eq!(refusal["message"], "token invalid or expired");
/// assert_eq!(socket.closed().await, 4401);
/// # }
/// ```
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Connects, with headers such as `Cookie` and `Origin`.
    ///
    /// # Panics
    ///
    /// Panics if the server cannot be reached or refuses the connection.
    #[track_caller]
    pub fn connect(url: &str, headers: &[(&str, &str)]) -> impl Future<Output = Self> + use<> {
        let caller = Location::caller();
        let connecting = Self::try_connect(url, headers);
        async move {
            let socket = connecting.await;
            socket.unwrap_or_else(|status| panic!("{caller}: refused with {status}"))
        }
    }

    /// Connects, and returns a refusal as an error.
    ///
    /// # Errors
    ///
    /// Returns the status of the response if the server refuses the connection.
    ///
    /// # Panics
    ///
    /// Panics if the server cannot be reached, or if `url` is not a URL.
    pub fn try_connect(
        url: &str,
        headers: &[(&str, &str)],
    ) -> impl Future<Output = Result<Self, StatusCode>> + use<> {
        let request = ClientRequestBuilder::new(url.parse().expect("the URL is valid"));
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.with_header(*name, *value));
        async move {
            match timeout(TIMEOUT, connect_async(request)).await {
                Ok(Ok((stream, _))) => Ok(Self { stream }),
                Ok(Err(tungstenite::Error::Http(response))) => Err(response.status()),
                Ok(Err(error)) => panic!("failed to connect: {error}"),
                Err(_) => panic!("failed to connect within {TIMEOUT:?}"),
            }
        }
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// Panics if the server has closed the socket.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text, which need not be JSON.
    ///
    /// # Panics
    ///
    /// Panics if the server has closed the socket.
    pub async fn send_text(&mut self, text: &str) {
        let sent = self.stream.send(Message::text(text)).await;
        sent.unwrap_or_else(|error| panic!("failed to send: {error}"));
    }

    /// Sends any WebSocket message, which may violate the protocol, to a server that may have closed the
    /// socket.
    ///
    /// # Errors
    ///
    /// Returns an error if the server has closed the socket.
    pub async fn try_send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.stream.send(message).await
    }

    /// Returns the next message that `is_it` accepts; other messages are dropped.
    ///
    /// # Errors
    ///
    /// Returns the close code if the server closes the socket first.
    ///
    /// # Panics
    ///
    /// Panics if neither happens in time.
    #[track_caller]
    pub fn next_or_close(
        &mut self,
        is_it: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Result<Value, u16>> {
        let caller = Location::caller();
        let deadline = Instant::now() + TIMEOUT;
        async move {
            loop {
                match self.receive(deadline).await {
                    Received::Message(message) if is_it(&message) => return Ok(message),
                    Received::Message(_) => {}
                    Received::Closed(Some(frame)) => return Err(frame.code.into()),
                    other => panic!("{caller}: waited for a message or a close frame, {other:?}"),
                }
            }
        }
    }

    /// Returns the next message.
    ///
    /// # Panics
    ///
    /// Panics like [`until`](Self::until).
    #[track_caller]
    pub fn next_message(&mut self) -> impl Future<Output = Value> {
        self.next_matching("any message", |_| true)
    }

    /// Returns the next message that `is_it` accepts; earlier messages are dropped.
    ///
    /// # Panics
    ///
    /// Panics like [`until`](Self::until).
    #[track_caller]
    pub fn next_matching(
        &mut self,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Value> {
        let messages = self.until(what, is_it);
        async { messages.await.pop().expect("the awaited message is the last one") }
    }

    /// Waits for a message that `is_it` accepts, and returns all messages up to and including that message.
    ///
    /// # Panics
    ///
    /// Panics with `what` and the messages received instead, if the socket closes first or the message does
    /// not arrive in time.
    #[track_caller]
    pub fn until(
        &mut self,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Vec<Value>> {
        let caller = Location::caller();
        // One deadline for all messages: a live server sends keepalives for ever.
        let deadline = Instant::now() + TIMEOUT;
        async move {
            let mut messages = Vec::new();
            loop {
                match self.receive(deadline).await {
                    Received::Message(message) => messages.push(message),
                    other => {
                        panic!("{caller}: waited for {what}, {other:?}; before it: {messages:?}")
                    }
                }
                if messages.last().is_some_and(&is_it) {
                    return messages;
                }
            }
        }
    }

    /// Waits until the server closes the socket, and returns the close code; earlier messages are dropped.
    ///
    /// # Panics
    ///
    /// Panics if the server does not close the socket in time, or closes it without a code.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = u16> {
        let caller = Location::caller();
        let deadline = Instant::now() + TIMEOUT;
        async move {
            loop {
                match self.receive(deadline).await {
                    Received::Message(_) => {}
                    Received::Closed(Some(frame)) => return frame.code.into(),
                    other => panic!("{caller}: waited for a close frame, {other:?}"),
                }
            }
        }
    }

    /// Waits until the connection has ended, with or without a close frame; earlier messages are dropped.
    ///
    /// # Panics
    ///
    /// Panics if the connection is still open after 30 seconds.
    pub async fn ends(&mut self) {
        let end = timeout(TIMEOUT, async { while let Some(Ok(_)) = self.stream.next().await {} });
        assert!(end.await.is_ok(), "still open after {TIMEOUT:?}");
    }

    /// Sends a close frame, as a browser does, and waits for the answer of the server.
    pub async fn close(mut self) {
        let deadline = Instant::now() + TIMEOUT;
        // Fails if the server has already closed the connection.
        let _ = self.stream.close(None).await;
        while let Received::Message(_) = self.receive(deadline).await {}
    }

    /// Receives the next text message or the end of the connection. tungstenite answers pings during the
    /// read.
    pub(super) async fn receive(&mut self, deadline: Instant) -> Received {
        loop {
            let message = match timeout_at(deadline, self.stream.next()).await {
                Err(_) => return Received::NothingInTime,
                Ok(None) => return Received::Closed(None),
                Ok(Some(Err(error))) => return Received::Broken(error),
                Ok(Some(Ok(message))) => message,
            };
            match message {
                Message::Text(text) => {
                    return Received::Message(read(&text));
                }
                Message::Close(frame) => return Received::Closed(frame),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Binary(_) | Message::Frame(_) => {
                    panic!("expected a text frame, found {message:?}")
                }
            }
        }
    }
}

/// The result of a wait for a message.
#[derive(Debug)]
pub(super) enum Received {
    Message(Value),
    Closed(Option<CloseFrame>),
    #[expect(dead_code, reason = "read by Debug, in the message of a panic")]
    Broken(tungstenite::Error),
    NothingInTime,
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("expected JSON, {error}: {text}"))
}
