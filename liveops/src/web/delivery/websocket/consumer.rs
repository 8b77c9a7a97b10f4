//! The server side of one WebSocket: client messages, subscriptions and the liveness check.

use std::{convert::Infallible, sync::Arc};

use axum::extract::ws::{Message as Packet, WebSocket};
use tokio::time::{self, Duration, Instant, MissedTickBehavior};
use tokio_stream::{StreamExt, StreamMap};

use super::connection::Connection;
use crate::{
    channel::Cursor,
    operation::ChannelName,
    rate_limit::RateLimit,
    runner::ClientConnection,
    token::SubscriptionToken,
    web::{
        auth::viewer::Viewer,
        delivery::{
            close::Close,
            messages::ClientMessage,
            subscriber::{Step, Subscriber},
        },
        state::Web,
    },
};

/// Maximum time for which a client may be connected without a subscription.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum number of packets read from a client per second. A page that follows the maximum number of
/// channels sends fewer, acknowledgements included.
const MESSAGES_PER_SECOND_MAX: u32 = 512;

/// Number of unanswered pings at which the next liveness check closes the connection.
const UNANSWERED_MAX: u32 = 2;

/// The server side of one WebSocket.
pub(in crate::web) struct Consumer {
    web: Web,
    viewer: Arc<Viewer>,
    connection: Connection,
    subscribers: StreamMap<ChannelName, Subscriber>,
    messages: RateLimit,
    /// Number of pings since the last packet from the client.
    unanswered: u32,
    /// The time since which the client has no subscription; `None` while it has one.
    idle_since: Option<Instant>,
}

/// A first subscription, from the query of the upgrade request.
#[derive(Debug)]
pub(in crate::web) struct FirstSubscription {
    pub(in crate::web) token: SubscriptionToken,
    pub(in crate::web) since: Option<String>,
}

impl Consumer {
    pub(in crate::web) fn new(web: Web, viewer: Viewer, socket: WebSocket) -> Self {
        let connection = Connection::new(socket, web.engine().config.stall_timeout);
        Self {
            web,
            viewer: Arc::new(viewer),
            connection,
            // Most pages follow one channel.
            subscribers: StreamMap::with_capacity(1),
            messages: RateLimit::new(
                f64::from(MESSAGES_PER_SECOND_MAX),
                MESSAGES_PER_SECOND_MAX,
                Instant::now(),
            ),
            unanswered: 0,
            idle_since: Some(Instant::now()),
        }
    }

    /// Serves the client and returns the reason to close the connection.
    pub(in crate::web) async fn run(
        &mut self,
        client: &ClientConnection,
        first: Option<FirstSubscription>,
    ) -> Close {
        let served = async {
            if let Some(FirstSubscription { token, since }) = first {
                self.subscribe(&token, since.as_deref()).await?;
            }
            self.serve(client).await
        };
        match served.await {
            Ok(never) => match never {},
            Err(close) => close,
        }
    }

    /// Closes the connection.
    pub(in crate::web) async fn close(&mut self, close: Close) {
        self.connection.close(close).await;
    }

    async fn serve(&mut self, client: &ClientConnection) -> Result<Infallible, Close> {
        let keepalive = self.web.engine().config.keepalive;
        let mut ticks = time::interval_at(Instant::now() + keepalive, keepalive);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut wait_for_dismissal = std::pin::pin!(client.wait_for_dismissal());
        loop {
            let idle_until = self.idle_since.map(|since| since + SUBSCRIBE_TIMEOUT);
            // Biased: a packet that arrived during a send must count before the liveness check, and a busy
            // channel must delay neither.
            tokio::select! {
                biased;
                dismissal = &mut wait_for_dismissal => return Err(dismissal.into()),
                packet = self.connection.receive() => self.handle_packet(packet?).await?,
                _ = ticks.tick() => self.check_liveness().await?,
                () = sleep_until(idle_until) => return Err(Close::NOTHING_SUBSCRIBED),
                Some((channel, step)) = self.subscribers.next(), if !self.subscribers.is_empty() => {
                    self.deliver(&channel, step?).await?;
                }
            }
        }
    }

    async fn handle_packet(&mut self, packet: Packet) -> Result<(), Close> {
        if !self.messages.try_count(Instant::now()) {
            return Err(Close::TOO_MANY_MESSAGES);
        }
        self.unanswered = 0;
        match packet {
            Packet::Text(text) => self.handle_message(&text).await,
            Packet::Binary(_) => Err(Close::BAD_MESSAGE),
            Packet::Ping(_) | Packet::Pong(_) => Ok(()),
            Packet::Close(_) => Err(Close::GONE),
        }
    }

    async fn handle_message(&mut self, text: &str) -> Result<(), Close> {
        match ClientMessage::read(text).ok_or(Close::BAD_MESSAGE)? {
            ClientMessage::Subscribe { token, since } => {
                self.subscribe(&token, since.as_deref()).await
            }
            ClientMessage::Unsubscribe { channel } => {
                let channel: ChannelName = channel.parse().map_err(|_| Close::BAD_MESSAGE)?;
                self.unsubscribe(&channel);
                Ok(())
            }
            ClientMessage::Ack { channel, cursor } => {
                let channel: ChannelName = channel.parse().map_err(|_| Close::BAD_MESSAGE)?;
                let cursor: Cursor = cursor.parse().map_err(|_| Close::BAD_MESSAGE)?;
                self.acknowledge(&channel, cursor).await
            }
            ClientMessage::Pong {} => Ok(()),
        }
    }

    /// Subscribes to the channel of the token. An existing subscription starts again at `since`.
    async fn subscribe(
        &mut self,
        token: &SubscriptionToken,
        since: Option<&str>,
    ) -> Result<(), Close> {
        let channel = self.web.engine().keys.verify(token, &self.viewer.id)?;
        let followed_max = self.web.engine().config.subscriptions_per_connection_max;
        if !self.subscribers.contains_key(&channel) && self.subscribers.len() >= followed_max {
            return Err(Close::TOO_MANY_SUBSCRIPTIONS);
        }
        // An invalid cursor counts as none: the client gets a full snapshot.
        let since = since.and_then(|since| since.parse().ok());
        let (subscriber, messages) =
            Subscriber::begin(self.web.clone(), self.viewer.clone(), channel.clone(), since)
                .await?;
        self.connection.send(messages).await?;
        self.subscribers.insert(channel, subscriber);
        self.idle_since = None;
        Ok(())
    }

    fn unsubscribe(&mut self, channel: &ChannelName) {
        self.subscribers.remove(channel);
        if self.subscribers.is_empty() {
            self.idle_since.get_or_insert_with(Instant::now);
        }
    }

    /// Records an acknowledgement. An acknowledgement of a channel that the client no longer follows is
    /// ignored.
    async fn acknowledge(&mut self, channel: &ChannelName, cursor: Cursor) -> Result<(), Close> {
        let Some(subscriber) = self.subscriber(channel) else { return Ok(()) };
        let step = subscriber.acknowledge(cursor);
        self.deliver(channel, step).await
    }

    async fn deliver(&mut self, channel: &ChannelName, step: Step) -> Result<(), Close> {
        let messages = match step {
            Step::Nothing => return Ok(()),
            Step::Send(messages) => messages,
            Step::CatchUp => {
                let Some(subscriber) = self.subscriber(channel) else { return Ok(()) };
                subscriber.catch_up().await?
            }
        };
        self.connection.send(messages).await
    }

    fn subscriber(&mut self, channel: &ChannelName) -> Option<&mut Subscriber> {
        self.subscribers
            .iter_mut()
            .find(|(name, _)| name == channel)
            .map(|(_, subscriber)| subscriber)
    }

    /// Checks that the viewer may still see the channels, and that the client answers and accepts frames. Sends the
    /// next ping.
    ///
    /// The check counts unanswered pings instead of measuring the time since the last packet, because a
    /// delayed server does not read packets either.
    async fn check_liveness(&mut self) -> Result<(), Close> {
        self.subscribers.values().try_for_each(Subscriber::check_access)?;
        if self.unanswered == UNANSWERED_MAX {
            return Err(Close::NO_ANSWER);
        }
        self.unanswered += 1;
        let stall_timeout = self.web.engine().config.stall_timeout;
        if self.subscribers.values().any(|subscriber| subscriber.held_for() > stall_timeout) {
            return Err(Close::TOO_SLOW);
        }
        self.connection.ping().await
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
