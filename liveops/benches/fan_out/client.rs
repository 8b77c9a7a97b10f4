use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig},
};

use crate::{Outcome, stamp::Stamp, target::Target, window::Window};

/// After how many frames, and after what time, a page acknowledges.
const ACK_FRAMES: usize = 16;
const ACK_INTERVAL: Duration = Duration::from_millis(500);

/// A WebSocket client that parses as little of each text as possible.
#[derive(Debug)]
pub(crate) struct Client {
    stream: WebSocketStream<TcpStream>,
    /// The newest message with a cursor.
    newest: Utf8Bytes,
}

/// Acknowledges cursors, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Silent,
    Acknowledging,
}

/// What a client got in a window.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// How long each delivery was under way.
    pub(crate) latencies: Vec<Duration>,
}

impl Client {
    /// Connects and subscribes; gives what it got until it was up to date.
    pub(crate) async fn connect(target: &Target) -> Outcome<(Self, Vec<Utf8Bytes>)> {
        Self::open(target, target.subscribe()).await
    }

    /// The same for one that was there before, and had come to `cursor`.
    pub(crate) async fn resume(target: &Target, cursor: &str) -> Outcome<(Self, Vec<Utf8Bytes>)> {
        Self::open(target, target.subscribe_since(cursor)).await
    }

    async fn open(target: &Target, subscribe: String) -> Outcome<(Self, Vec<Utf8Bytes>)> {
        let stream = TcpStream::connect(target.address()).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(4 << 10).write_buffer_size(0);
        let (stream, _) = client_async_with_config(target.url(), stream, Some(config)).await?;
        let mut client = Self { stream, newest: Utf8Bytes::default() };
        client.stream.send(Message::text(subscribe)).await?;
        let mut texts = Vec::new();
        loop {
            let text = client.next_text().await?;
            let is_last = text.starts_with(r#"{"type":"subscribed""#);
            texts.push(text);
            if is_last {
                return Ok((client, texts));
            }
        }
    }

    /// The next message with a time in it.
    pub(crate) async fn next_frame(&mut self) -> Outcome<Utf8Bytes> {
        loop {
            let text = self.next_text().await?;
            if Stamp::find(&text).is_some() {
                return Ok(text);
            }
        }
    }

    /// The cursor that it has come to.
    pub(crate) fn cursor(&self) -> Outcome<&str> {
        self.field("cursor")
    }

    /// Reads what comes until the window is over.
    pub(crate) async fn listen(&mut self, window: Window, manner: Manner) -> Outcome<Received> {
        let mut over = std::pin::pin!(tokio::time::sleep_until(window.over_on));
        let mut received = Received::default();
        let (mut unacknowledged, mut acknowledged_on) = (0, Instant::now());
        loop {
            let text = tokio::select! {
                text = self.next_text() => text?,
                () = &mut over => return Ok(received),
            };
            let Some((sent, _)) = Stamp::find(&text) else { continue };
            if window.contains(sent) {
                received.latencies.push(Stamp::now().since(sent));
            }
            if manner == Manner::Silent {
                continue;
            }
            unacknowledged += 1;
            if unacknowledged >= ACK_FRAMES || acknowledged_on.elapsed() >= ACK_INTERVAL {
                self.acknowledge().await?;
                (unacknowledged, acknowledged_on) = (0, Instant::now());
            }
        }
    }

    async fn acknowledge(&mut self) -> Outcome<()> {
        let (channel, cursor) = (self.field("channel")?, self.field("cursor")?);
        let ack = format!(r#"{{"type":"ack","channel":"{channel}","cursor":"{cursor}"}}"#);
        Ok(self.stream.send(Message::text(ack)).await?)
    }

    /// A field of the newest message, which holds no quotes.
    fn field(&self, name: &str) -> Outcome<&str> {
        let (_, rest) = self.newest.split_once(&format!(r#""{name}":""#)).ok_or("no such field")?;
        Ok(rest.split('"').next().unwrap_or_default())
    }

    /// Pings are answered while this reads.
    async fn next_text(&mut self) -> Outcome<Utf8Bytes> {
        loop {
            match self.stream.next().await {
                None => return Err("a server closed a connection".into()),
                Some(message) => {
                    let Message::Text(text) = message? else { continue };
                    if text.contains(r#""cursor":"#) {
                        self.newest = text.clone();
                    }
                    return Ok(text);
                }
            }
        }
    }
}
