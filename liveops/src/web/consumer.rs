use std::{collections::HashMap, error::Error as StdError, time::Duration};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::time::{self, Instant, MissedTickBehavior};
use tokio_stream::{StreamExt, StreamMap};
use tungstenite::error::{CapacityError, Error as ProtocolError};

use super::{
    hub::{Item, Watch},
    look::{Look, LookError},
    state::Web,
    viewer::Viewer,
    wire::{self, ClientMessage, ServerMessage},
};
use crate::{
    channel::{Cursor, Frame, Missing, Payload},
    operation::{ChannelName, OperationId},
    token::SubscriptionToken,
};

/// How long a client may take to accept a message before it counts as gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may be connected without following anything.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(30);

/// The server side of one WebSocket.
pub(super) struct Consumer {
    web: Web,
    viewer: Viewer,
    socket: WebSocket,
    watches: StreamMap<ChannelName, Watch>,
    /// How far the client has come in each channel of an operation that it follows.
    places: HashMap<ChannelName, Cursor>,
    heard_on: Instant,
    /// When the client last stopped following everything, if it follows nothing.
    idle_since: Option<Instant>,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    reason: &'static str,
    /// Whether the client is told in a message too, as browsers hide what a refused connection
    /// says.
    is_told: bool,
}

impl Close {
    const GONE: Self = Self::quiet(1000, "bye");
    const BAD_MESSAGE: Self = Self::quiet(1008, "bad message");
    const TOO_BIG: Self = Self::quiet(1009, "message too big");
    const FAILED: Self = Self::quiet(1011, "something went wrong on the server");
    const TOO_SLOW: Self = Self::quiet(4008, "too slow");
    const SILENT: Self = Self::quiet(4008, "no sign of life");
    const TOKEN: Self = Self::told(4401, "token invalid or expired");
    const NOT_ALLOWED: Self = Self::told(4403, "not allowed");
    const NOTHING_FOLLOWED: Self = Self::told(4408, "nothing subscribed in time");
    pub(super) const TOO_MANY: Self = Self::told(4429, "too many connections");

    const fn quiet(code: u16, reason: &'static str) -> Self {
        Self { code, reason, is_told: false }
    }

    const fn told(code: u16, reason: &'static str) -> Self {
        Self { code, reason, is_told: true }
    }
}

impl From<LookError> for Close {
    fn from(error: LookError) -> Self {
        tracing::error!(error = &error as &dyn StdError, "failed to look at an operation");
        Self::FAILED
    }
}

impl From<crate::channel::ChannelError> for Close {
    fn from(error: crate::channel::ChannelError) -> Self {
        LookError::from(error).into()
    }
}

impl From<crate::store::StoreError> for Close {
    fn from(error: crate::store::StoreError) -> Self {
        LookError::from(error).into()
    }
}

impl From<crate::token::TokenError> for Close {
    fn from(_: crate::token::TokenError) -> Self {
        Self::TOKEN
    }
}

/// What is to be done with a frame.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Deliver,
    Drop,
    CatchUp,
}

impl Consumer {
    pub(super) fn new(web: Web, viewer: Viewer, socket: WebSocket) -> Self {
        let now = Instant::now();
        Self {
            web,
            viewer,
            socket,
            watches: StreamMap::new(),
            places: HashMap::new(),
            heard_on: now,
            idle_since: Some(now),
        }
    }

    /// Serves the client until there is a reason to close.
    pub(super) async fn run(
        &mut self,
        first: Option<(SubscriptionToken, Option<String>)>,
    ) -> Close {
        let served = async {
            if let Some((token, since)) = first {
                self.subscribe(&token, since.as_deref()).await?;
            }
            self.serve().await
        };
        match served.await {
            Ok(never) => match never {},
            Err(close) => close,
        }
    }

    /// Says goodbye.
    pub(super) async fn close(mut self, close: Close) {
        if close.is_told {
            let message = ServerMessage::Error { code: close.code, message: close.reason };
            let _ = self.send(message.encode()).await;
        }
        let frame = CloseFrame { code: close.code, reason: Utf8Bytes::from_static(close.reason) };
        let closing = self.socket.send(Message::Close(Some(frame)));
        // Whether the client hears it makes no difference any more.
        let _ = time::timeout(SEND_TIMEOUT, closing).await;
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, Close> {
        let keepalive = self.web.engine().config.keepalive;
        let mut ticks = time::interval_at(Instant::now() + keepalive, keepalive);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let idle_until = self.idle_since.map(|since| since + SUBSCRIBE_TIMEOUT);
            tokio::select! {
                message = self.socket.recv() => self.hear(message).await?,
                Some((channel, item)) = self.watches.next(), if !self.watches.is_empty() => {
                    self.deliver(&channel, item).await?;
                }
                _ = ticks.tick() => self.keep_alive(keepalive).await?,
                () = sleep_until(idle_until) => return Err(Close::NOTHING_FOLLOWED),
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Close> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(receive_error(error)),
            None => return Err(Close::GONE),
        };
        self.heard_on = Instant::now();
        match message {
            Message::Text(text) => self.obey(&text).await,
            Message::Binary(_) => Err(Close::BAD_MESSAGE),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(Close::GONE),
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), Close> {
        match serde_json::from_str(text).map_err(|_| Close::BAD_MESSAGE)? {
            ClientMessage::Subscribe { token, since } => {
                self.subscribe(&token, since.as_deref()).await
            }
            ClientMessage::Unsubscribe { channel } => {
                let channel: ChannelName = channel.parse().map_err(|_| Close::BAD_MESSAGE)?;
                self.unsubscribe(&channel);
                Ok(())
            }
            // Nothing is held back for acknowledgements: hearing one is a sign of life.
            ClientMessage::Ack { channel, cursor } => {
                channel.parse::<ChannelName>().map_err(|_| Close::BAD_MESSAGE)?;
                cursor.parse::<Cursor>().map_err(|_| Close::BAD_MESSAGE)?;
                Ok(())
            }
            ClientMessage::Pong {} => Ok(()),
        }
    }

    /// Follows the channel that the token is for. A channel that is followed already is begun
    /// anew, from `since`.
    async fn subscribe(
        &mut self,
        token: &SubscriptionToken,
        since: Option<&str>,
    ) -> Result<(), Close> {
        let channel = self.web.engine().keys.verify(token, &self.viewer.id)?;
        let followed_max = self.web.engine().config.subscriptions_per_connection_max;
        if !self.watches.contains_key(&channel) && self.watches.len() >= followed_max {
            return Err(Close::TOO_MANY);
        }
        // Subscribed first and caught up then, so that nothing falls in between.
        let watch = self.web.hub.watch(&channel).await?;
        match channel.operation_id() {
            // A place that cannot be read is no place: the client gets everything.
            Some(id) => {
                let since = since.and_then(|since| since.parse().ok());
                self.catch_up(&channel, id, since, Announce::Subscribed).await?;
            }
            None => self.say_subscribed(&channel, None, "reset").await?,
        }
        self.watches.insert(channel, watch);
        self.idle_since = None;
        Ok(())
    }

    fn unsubscribe(&mut self, channel: &ChannelName) {
        self.watches.remove(channel);
        self.places.remove(channel);
        if self.watches.is_empty() {
            self.idle_since.get_or_insert_with(Instant::now);
        }
    }

    async fn deliver(&mut self, channel: &ChannelName, item: Item) -> Result<(), Close> {
        match (item, channel.operation_id()) {
            (Item::Frame(frame, text), Some(id)) => {
                let place = self.places.get(channel).copied();
                match judge(place, &frame) {
                    Verdict::Deliver => self.deliver_frame(channel, &frame, text).await,
                    Verdict::Drop => Ok(()),
                    Verdict::CatchUp => self.catch_up(channel, id, place, Announce::Nothing).await,
                }
            }
            (Item::Lost, Some(id)) => {
                let place = self.places.get(channel).copied();
                self.catch_up(channel, id, place, Announce::Nothing).await
            }
            (Item::ListChanged(text), _) => self.send(text).await,
            (Item::Lost, None) => self.send(wire::encode_list_changed(channel)).await,
            // Lists have no frames.
            (Item::Frame(..), None) => Ok(()),
        }
    }

    async fn deliver_frame(
        &mut self,
        channel: &ChannelName,
        frame: &Frame,
        text: Option<Utf8Bytes>,
    ) -> Result<(), Close> {
        let text = match (text, &frame.payload) {
            (Some(text), _) => text,
            (None, Payload::Signal(signal)) => {
                let viewer = &self.viewer.id;
                wire::encode_signal(&self.web, viewer, channel, frame.cursor, signal)?.into()
            }
            (None, Payload::Fragments(_)) => return Ok(()),
        };
        self.send(text).await?;
        self.places.insert(channel.clone(), frame.cursor);
        Ok(())
    }

    /// Brings the client from `since` to where the operation is now.
    async fn catch_up(
        &mut self,
        channel: &ChannelName,
        id: OperationId,
        since: Option<Cursor>,
        announce: Announce,
    ) -> Result<(), Close> {
        let row = self.web.engine().store.find(id).await?.ok_or(Close::NOT_ALLOWED)?;
        let operation = self.web.engine().registry.find(&row.op_type).ok_or(Close::NOT_ALLOWED)?;
        let look = Look::at(self.web.engine(), &operation.kind, &row, since).await?;
        let texts =
            wire::encode_catch_up(&self.web, &self.viewer.id, channel, look.cursor, &look.missing)?;
        for text in texts {
            self.send(text).await?;
        }
        self.places.insert(channel.clone(), look.cursor);
        match announce {
            Announce::Nothing => Ok(()),
            Announce::Subscribed => {
                let how = match look.missing {
                    Missing::Nothing => "up_to_date",
                    Missing::Delta(_) => "delta",
                    Missing::Reset(_) => "reset",
                };
                self.say_subscribed(channel, Some(look.cursor), how).await
            }
        }
    }

    async fn say_subscribed(
        &mut self,
        channel: &ChannelName,
        cursor: Option<Cursor>,
        catch_up: &'static str,
    ) -> Result<(), Close> {
        let channel = channel.as_str();
        let cursor = cursor.map(|cursor| cursor.to_string());
        self.send(ServerMessage::Subscribed { channel, cursor, catch_up }.encode()).await
    }

    async fn keep_alive(&mut self, interval: Duration) -> Result<(), Close> {
        if self.heard_on.elapsed() > interval * 2 {
            return Err(Close::SILENT);
        }
        // A message for pages, which cannot see protocol pings, and a ping for everybody else.
        self.send(ServerMessage::Ping.encode()).await?;
        self.send_message(Message::Ping(axum::body::Bytes::new())).await
    }

    async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Close> {
        self.send_message(Message::Text(text.into())).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), Close> {
        match time::timeout(SEND_TIMEOUT, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Close::GONE),
            Err(_) => Err(Close::TOO_SLOW),
        }
    }
}

/// Whether a catch-up ends with telling the client that it is subscribed.
#[derive(Debug, Clone, Copy)]
enum Announce {
    Subscribed,
    Nothing,
}

/// What a client that has come to `place` does with `frame`.
///
/// The next frame is delivered, one that it has seen is dropped, and a gap, however it came about,
/// ends in catching up.
fn judge(place: Option<Cursor>, frame: &Frame) -> Verdict {
    let Some(place) = place else { return Verdict::CatchUp };
    let (old, new) = (place.epoch, frame.cursor.epoch);
    if old == new {
        return match frame.cursor.seq {
            seq if seq <= place.seq => Verdict::Drop,
            seq if seq == place.seq + 1 => Verdict::Deliver,
            _ => Verdict::CatchUp,
        };
    }
    if new.attempt < old.attempt {
        Verdict::Drop
    } else if frame.is_opening() {
        Verdict::Deliver
    } else {
        Verdict::CatchUp
    }
}

fn receive_error(error: axum::Error) -> Close {
    match error.into_inner().downcast_ref::<ProtocolError>() {
        Some(ProtocolError::Capacity(CapacityError::MessageTooLong { .. })) => Close::TOO_BIG,
        Some(ProtocolError::Protocol(_) | ProtocolError::Utf8(_)) => Close::BAD_MESSAGE,
        _ => Close::GONE,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{channel::Epoch, operation::Attempt};

    const OLD: Epoch = Epoch { attempt: Attempt(1), nonce: 1 };
    const REOPENED: Epoch = Epoch { attempt: Attempt(1), nonce: 2 };
    const NEXT: Epoch = Epoch { attempt: Attempt(2), nonce: 3 };

    fn verdict(place: Cursor, epoch: Epoch, seq: u64) -> Verdict {
        let cursor = Cursor { epoch, seq };
        judge(Some(place), &Frame { cursor, payload: Payload::Fragments(Vec::new()) })
    }

    #[test]
    fn within_a_history_only_the_next_frame_is_delivered() {
        let place = Cursor { epoch: OLD, seq: 5 };
        assert_eq!(verdict(place, OLD, 4), Verdict::Drop);
        assert_eq!(verdict(place, OLD, 5), Verdict::Drop);
        assert_eq!(verdict(place, OLD, 6), Verdict::Deliver);
        assert_eq!(verdict(place, OLD, 7), Verdict::CatchUp);
    }

    #[test]
    fn a_new_history_is_entered_at_its_opening_or_by_catching_up() {
        let place = Cursor { epoch: OLD, seq: 5 };
        for epoch in [REOPENED, NEXT] {
            assert_eq!(verdict(place, epoch, 1), Verdict::Deliver);
            assert_eq!(verdict(place, epoch, 2), Verdict::CatchUp);
        }
    }

    #[test]
    fn what_an_older_attempt_says_is_dropped() {
        let place = Cursor { epoch: NEXT, seq: 1 };
        assert_eq!(verdict(place, OLD, 1), Verdict::Drop);
        assert_eq!(verdict(place, OLD, 9), Verdict::Drop);
    }
}
