//! A connection to one client over a WebSocket, with timeouts.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message as Packet, Utf8Bytes, WebSocket},
};
use futures_util::SinkExt;
use tokio::time;
use tungstenite::error::{CapacityError, Error as ProtocolError};

use crate::{
    metrics::{Counter, Transport, deliveries},
    web::delivery::{
        close::Close,
        messages::{OutgoingMessage, ServerMessage},
    },
};

/// Maximum time for a client to close its side after the close frame of the server.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection to one client. Every failure is a reason to close the connection, and sending has a timeout.
pub(in crate::web) struct Connection {
    socket: WebSocket,
    stall_timeout: Duration,
    delivered: Counter,
}

impl Connection {
    pub(in crate::web) fn new(socket: WebSocket, stall_timeout: Duration) -> Self {
        Self { socket, stall_timeout, delivered: deliveries(Transport::WebSocket) }
    }

    /// Receives the next packet from the client.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: dropping the future loses no packet.
    pub(in crate::web) async fn receive(&mut self) -> Result<Packet, Close> {
        match self.socket.recv().await {
            Some(Ok(packet)) => Ok(packet),
            Some(Err(error)) => Err(receive_error(error)),
            None => Err(Close::GONE),
        }
    }

    /// Sends the messages, in one network packet if they fit.
    pub(in crate::web) async fn send(
        &mut self,
        messages: impl IntoIterator<Item = OutgoingMessage>,
    ) -> Result<(), Close> {
        let mut count = 0;
        let packets = messages.into_iter().map(|message| {
            count += 1;
            Packet::Text(message.text)
        });
        self.send_packets(packets).await?;
        self.delivered.increment(count);
        Ok(())
    }

    /// Sends a keepalive that the client must answer: a message for pages, which cannot see ping frames, and
    /// a ping frame for other clients.
    pub(in crate::web) async fn ping(&mut self) -> Result<(), Close> {
        let message = Packet::Text(ServerMessage::Ping.encode());
        self.send_packets([message, Packet::Ping(Bytes::new())]).await
    }

    /// Closes the connection. A failure is ignored, because the connection ends in any case.
    ///
    /// After the close frame, packets of the client are read and discarded for up to 1 s. Unread packets
    /// would make the operating system reset the connection, and the client would not receive the reason.
    pub(in crate::web) async fn close(&mut self, close: Close) {
        let error = close
            .sends_message
            .then(|| ServerMessage::Error { code: close.code, message: close.reason }.encode())
            .map(Packet::Text);
        let frame = CloseFrame { code: close.code, reason: Utf8Bytes::from_static(close.reason) };
        let sent = self.send_packets(error.into_iter().chain([Packet::Close(Some(frame))])).await;
        if sent.is_ok() {
            let draining = async { while self.receive().await.is_ok() {} };
            let _ = time::timeout(DRAIN_TIMEOUT, draining).await;
        }
    }

    async fn send_packets(
        &mut self,
        packets: impl IntoIterator<Item = Packet>,
    ) -> Result<(), Close> {
        let sending = async {
            for packet in packets {
                self.socket.feed(packet).await?;
            }
            self.socket.flush().await
        };
        match time::timeout(self.stall_timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Close::GONE),
            Err(_) => Err(Close::TOO_SLOW),
        }
    }
}

fn receive_error(error: axum::Error) -> Close {
    match error.into_inner().downcast_ref::<ProtocolError>() {
        Some(ProtocolError::Capacity(CapacityError::MessageTooLong { .. })) => Close::TOO_BIG,
        Some(ProtocolError::Protocol(_) | ProtocolError::Utf8(_)) => Close::BAD_MESSAGE,
        _ => Close::GONE,
    }
}
