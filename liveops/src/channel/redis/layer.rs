//! The public type of the Redis channel layer: settings, key names and the [`ChannelLayer`] implementation.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use redis::{Client, RedisError};
use uuid::Uuid;

use super::{
    connection::RedisConnection,
    failure::AdvisedError,
    listener::Listener,
    message::PubSubMessage,
    scripts::{self, CatchUpReply, PublishCall, PublishReply},
    servers::Servers,
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

/// Hash tags of the keys that a ping writes. Their cluster slots have equal distances, so that every node that
/// owns 1,200 consecutive slots is tested, and a node that is used as a single server refuses one of them.
const PING_TAGS: [u8; 16] = [69, 47, 14, 179, 68, 46, 15, 178, 128, 45, 16, 38, 129, 44, 17, 39];

/// A channel layer over Redis 6.2 or later, or Valkey, for any number of processes. Cheap to clone. Connects to
/// one server, to a master that Redis Sentinel watches, or to a Redis Cluster.
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
/// Redis may become unavailable and return empty, with older data, or as another server after a failover. Both
/// connections reconnect after delays that grow to five seconds and differ between processes. After a
/// reconnect, subscribers catch up, and a run whose channel is gone opens the channel again. During an outage a
/// run continues and keeps its newest state for publication; a publish fails within two seconds, or at once if
/// the outage has already lasted that long.
///
/// A server that answers with an error, such as `READONLY`, `OOM` or `NOPERM`, is logged as a warning with an
/// advice, at most once a minute for each kind of error, and is not ready: [`ping`](ChannelLayer::ping) writes.
/// After an error that says that the server is not the master any more, the connections are opened again.
/// Every five seconds a test message is published: a subscription connection that does not deliver the
/// message within three seconds is opened again.
///
/// An ACL user needs the keys and channels with the prefix and the commands that the scripts use:
/// `resetchannels &liveops:* ~liveops:* +@connection +@scripting +@pubsub +@hash +select +del +pexpire`,
/// with Sentinel also `+role`, and with a cluster also `+cluster|slots`.
#[derive(Clone)]
pub struct RedisChannelLayer {
    link: RedisConnection,
    listener: Arc<Listener>,
    prefix: Arc<str>,
    retention: Duration,
}

impl RedisChannelLayer {
    /// Creates a layer over the servers at `url`. The layer connects on first use.
    ///
    /// | `url` | servers |
    /// |---|---|
    /// | `redis://[user:password@]host[:port][/database]` | one server |
    /// | `redis+unix:///path` | one server |
    /// | `redis-sentinel://[user:password@]sentinel[:port],…[/database]?master=NAME` | the master that Redis Sentinel knows as `NAME`; the default port of a sentinel is 26379 |
    /// | `redis-cluster://[user:password@]host[:port],…` | a Redis Cluster; one node is sufficient, further nodes are used if it is gone |
    ///
    /// `rediss://`, `rediss-sentinel://` and `rediss-cluster://` use TLS with the system's trusted
    /// certificates. User and password of the sentinels are the options `sentinel-user` and
    /// `sentinel-password`.
    ///
    /// # Errors
    ///
    /// Returns an error if `url` has none of these forms.
    pub fn new(url: &str) -> Result<Self, ChannelError> {
        let servers = Servers::parse(url);
        let servers = servers.map_err(|error| ChannelError::new("parse the Redis URL", error))?;
        Ok(Self::over(servers))
    }

    /// Creates a layer over a client of the application, for example a client with its own certificates. The
    /// client connects to one server.
    pub fn with_client(client: Client) -> Self {
        Self::over(Servers::Single(client))
    }

    fn over(servers: Servers) -> Self {
        let servers = Arc::new(servers);
        Self {
            link: RedisConnection::new(servers.clone()),
            listener: Arc::new(Listener::new(servers)),
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
        match self.link.write(ACTION, &invocation).await.map_err(failed_to(ACTION))? {
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
        const ACTION: &str = "catch up with a channel";
        let invocation = scripts::catch_up(&self.key(channel), since);
        let reply: Option<CatchUpReply> =
            self.link.read(ACTION, &invocation).await.map_err(failed_to(ACTION))?;
        Ok(reply.map(|CatchUpReply(catch_up)| catch_up))
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        let test_name = || format!("{}{{test.{}}}", self.prefix, Uuid::now_v7().simple());
        Ok(self.listener.subscribe(self.key(channel), &self.link, test_name).await)
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        const ACTION: &str = "announce a notice";
        let message =
            PubSubMessage::of_notice(&notice).map_err(|error| ChannelError::new(ACTION, error))?;
        let publish = redis::cmd("PUBLISH").arg(self.key(channel)).arg(message).to_owned();
        self.link.query(ACTION, &publish).await.map_err(failed_to(ACTION))
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        const ACTION: &str = "accept a write";
        let written = PING_TAGS.iter().map(async |tag| {
            let key = format!("{}{{ping-{tag}}}", self.prefix);
            self.link.write::<()>(ACTION, &scripts::ping(&key, &key, 0)).await
        });
        try_join_all(written).await.map_err(failed_to(ACTION))?;
        self.listener.failure().map_or(Ok(()), Err).map_err(failed_to("deliver publications"))
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
    move |error| ChannelError::new(action, AdvisedError::new(error))
}
