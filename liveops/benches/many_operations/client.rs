//! A WebSocket client of one operation, which parses as little of each message as possible.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig},
};

use crate::Outcome;

pub(crate) struct Client(WebSocketStream<TcpStream>);

impl Client {
    /// Connects, and sends the subscription.
    pub(crate) async fn connect(address: SocketAddr, subscription: String) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(4 << 10).write_buffer_size(0);
        let url = format!("ws://{address}/live/ws");
        let (mut stream, _) = client_async_with_config(url, stream, Some(config)).await?;
        stream.send(Message::text(subscription)).await?;
        Ok(Self(stream))
    }

    /// Waits for the next message. Answers pings meanwhile.
    pub(crate) async fn next(&mut self) -> Outcome<Utf8Bytes> {
        loop {
            let message = self.0.next().await.ok_or("the server closed a connection")?;
            if let Message::Text(text) = message? {
                return Ok(text);
            }
        }
    }
}
