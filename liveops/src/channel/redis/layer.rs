//! The public type of the Redis channel layer: settings, key names and the [`ChannelLayer`] implementation.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::{Client, RedisError};

use super::{
    connection::RedisConnection,
    listener::Listener,
    message::PubSubMessage,
    scripts::{self, CatchUpReply, PublishCall, PublishReply},
};
use crate::{
    channel::{
        CENTURY, CatchUp, ChannelError, ChannelLayer, Cursor, Notice, OpenedBy, Payload,
        PublishError, Subscription,
    },
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// Default time for which the state of a channel is kept after its operation ended.
const RETENTION: Duration = Duration::from_secs(300);

/// A channel layer over Redis 6.2 or later, or Valkey, for any number of processes. Cheap to clone.
///
/// ```no_run
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use liveops::{LiveOps, channel::RedisChannelLayer, store};
///
/// let db = store::connect("postgres://app@localhost/app").await?;
/// let liveops = LiveOps::builder(db)
///     .channel_layer(RedisChannelLayer::new("redis://localhost")?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// One script call publishes a frame: the script assigns the sequence number, retains the newest content of
/// every region and publishes the frame to the subscribed processes. The state of a channel is one hash, so
/// it lies in one cluster slot. A process has two connections: one multiplexed connection for requests, and
/// one for subscriptions.
///
/// Redis may become unavailable and return empty. Both connections reconnect after delays that grow to five
/// seconds and differ between processes. After a reconnect, subscribers catch up, and a run whose channel
/// is gone opens the channel again. During an outage a run continues and keeps its newest state for
/// publication; a publish fails within two seconds, or at once if the outage has already lasted that long.
///
/// An ACL user needs the keys and channels with the prefix and the commands that the scripts use:
/// `resetchannels &liveops:* ~liveops:* +@connection +@scripting +@pubsub +@hash +select +del +pexpire`.
#[derive(Clone)]
pub struct RedisChannelLayer {
    link: RedisConnection,
    listener: Arc<Listener>,
    prefix: Arc<str>,
    retention: Duration,
}

impl RedisChannelLayer {
    /// Creates a layer over the server at `url`. The layer connects on first use.
    ///
    /// Accepts `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS with the system's
    /// trusted certificates, and `redis+unix:///path`.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` has none of these forms.
    pub fn new(url: &str) -> Result<Self, ChannelError> {
        let client = Client::open(url).map_err(failed_to("parse the Redis URL"))?;
        Ok(Self::with_client(client))
    }

    /// Creates a layer over a client of the application, for example a client with its own certificates.
    pub fn with_client(client: Client) -> Self {
        Self {
            link: RedisConnection::new(client.clone()),
            listener: Arc::new(Listener::new(client)),
            prefix: "liveops:".into(),
            retention: RETENTION,
        }
    }

    /// Sets the prefix of key and channel names, `liveops:` by default. Applications that share a server
    /// need different prefixes, because Redis delivers a publication to the subscribers of all databases.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the time for which the layer keeps the state of a channel after its operation ended: five minutes
    /// by default, at most a century. Later clients read the operation's row.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention.min(CENTURY);
        self
    }

    /// Returns the key of a channel's state, which is also the name of its pub/sub channel.
    ///
    /// The braces mark the part that selects the cluster slot.
    fn key(&self, channel: &ChannelName) -> String {
        format!("{}{{{channel}}}", self.prefix)
    }

    async fn publish_payload(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: Option<OpenedBy>,
        payload: &Payload,
    ) -> Result<Cursor, PublishError> {
        const ACTION: &str = "publish a frame";
        let key = self.key(channel);
        let retention = self.retention;
        let publication = PublishCall { key: &key, attempt, opened_by, payload, retention };
        let invocation =
            publication.invocation().map_err(|error| ChannelError::new(ACTION, error))?;
        match self.link.invoke(&invocation).await.map_err(failed_to(ACTION))? {
            PublishReply::Taken(cursor) => Ok(cursor),
            PublishReply::Stale(current) => Err(PublishError::Stale { current }),
            PublishReply::NotOpen => Err(PublishError::NotOpen),
        }
    }
}

#[async_trait]
impl ChannelLayer for RedisChannelLayer {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        self.publish_payload(channel, attempt, Some(opened_by), &Payload::Fragments(snapshot)).await
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        self.publish_payload(channel, attempt, None, &payload).await
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        let invocation = scripts::catch_up(&self.key(channel), since);
        let reply: Option<CatchUpReply> =
            self.link.invoke(&invocation).await.map_err(failed_to("catch up with a channel"))?;
        Ok(reply.map(|CatchUpReply(catch_up)| catch_up))
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        Ok(self.listener.subscribe(self.key(channel)).await)
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        const ACTION: &str = "announce a notice";
        let message =
            PubSubMessage::of_notice(&notice).map_err(|error| ChannelError::new(ACTION, error))?;
        let publish = redis::cmd("PUBLISH").arg(self.key(channel)).arg(message).to_owned();
        self.link.query(&publish).await.map_err(failed_to(ACTION))
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.link.query(&redis::cmd("PING")).await.map_err(failed_to("answer"))
    }
}

impl fmt::Debug for RedisChannelLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the client: its address contains the password.
        f.debug_struct("RedisChannelLayer")
            .field("prefix", &self.prefix)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

fn failed_to(action: &'static str) -> impl FnOnce(RedisError) -> ChannelError {
    move |error| ChannelError::new(action, error)
}
