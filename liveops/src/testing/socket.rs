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

/// How long the other side may take: far longer than it does on the slowest machine.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// A WebSocket client that speaks JSON, and says what it waited for when nothing came.
///
/// What it waits for has 30 seconds to come. [`Client`](super::Client) knows the messages; this is for a
/// test that wants them as they are.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Connects, with headers such as `Cookie` and `Origin`.
    ///
    /// # Panics
    ///
    /// When the server cannot be reached or refuses.
    #[track_caller]
    pub fn connect(url: &str, headers: &[(&str, &str)]) -> impl Future<Output = Self> + use<> {
        let caller = Location::caller();
        let connecting = Self::try_connect(url, headers);
        async move {
            let socket = connecting.await;
            socket.unwrap_or_else(|status| panic!("{caller}: refused with {status}"))
        }
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// The status with which the server refused.
    ///
    /// # Panics
    ///
    /// When the server cannot be reached, or `url` is none.
    pub fn try_connect(
        url: &str,
        headers: &[(&str, &str)],
    ) -> impl Future<Output = Result<Self, StatusCode>> + use<> {
        let request = ClientRequestBuilder::new(url.parse().expect("a WebSocket has an address"));
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
    /// When the server has closed the socket.
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends what may not be JSON at all.
    ///
    /// # Panics
    ///
    /// When the server has closed the socket.
    pub async fn send_text(&mut self, text: &str) {
        let sent = self.stream.send(Message::text(text)).await;
        sent.unwrap_or_else(|error| panic!("failed to send: {error}"));
    }

    /// Sends what may break the rules, to a server that may have closed meanwhile.
    ///
    /// # Errors
    ///
    /// When it has.
    pub async fn try_send(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.stream.send(message).await
    }

    /// The next message that `is_it`, or the code with which the server closed instead.
    ///
    /// # Errors
    ///
    /// The code.
    ///
    /// # Panics
    ///
    /// When neither comes in time.
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
                    other => panic!("{caller}: waited for a message or an end, {other:?}"),
                }
            }
        }
    }

    /// The next message, whatever it is.
    ///
    /// # Panics
    ///
    /// Those of [`until`](Self::until).
    #[track_caller]
    pub fn next_message(&mut self) -> impl Future<Output = Value> {
        self.next_matching("any message", |_| true)
    }

    /// The next message that `is_it`; those before it are dropped.
    ///
    /// # Panics
    ///
    /// Those of [`until`](Self::until).
    #[track_caller]
    pub fn next_matching(
        &mut self,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Value> {
        let messages = self.until(what, is_it);
        async { messages.await.pop().expect("the one that was awaited is the last of them") }
    }

    /// Every message up to the first that `is_it`, which is the last of them.
    ///
    /// # Panics
    ///
    /// With `what` was awaited and the messages that came instead, when the socket closes first
    /// or it does not come in time.
    #[track_caller]
    pub fn until(
        &mut self,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Vec<Value>> {
        let caller = Location::caller();
        // One for all of them: a server that is alive says so for ever.
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

    /// The code with which the server closes the socket; messages before it are dropped.
    ///
    /// # Panics
    ///
    /// When it does not in time, or without a code.
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

    /// Waits until the connection is over, in whichever way; messages before that are dropped.
    ///
    /// # Panics
    ///
    /// When it is still open after 30 seconds.
    pub async fn ends(&mut self) {
        let end = timeout(TIMEOUT, async { while let Some(Ok(_)) = self.stream.next().await {} });
        assert!(end.await.is_ok(), "still open after {TIMEOUT:?}");
    }

    /// Leaves as a browser does, and waits until the server has taken notice.
    pub async fn close(mut self) {
        let deadline = Instant::now() + TIMEOUT;
        // A server that has closed already has taken notice.
        let _ = self.stream.close(None).await;
        while let Received::Message(_) = self.receive(deadline).await {}
    }

    /// Pings and pongs are tungstenite's business, and answered while this reads.
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
                Message::Binary(_) | Message::Frame(_) => panic!("not a text frame: {message:?}"),
            }
        }
    }
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Received {
    Message(Value),
    Closed(Option<CloseFrame>),
    #[expect(dead_code, reason = "read by Debug, in the message of a panic")]
    Broken(tungstenite::Error),
    NothingInTime,
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON, {error}: {text}"))
}
