use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::{Client, RedisError};

use super::{
    link::RedisConnection,
    listener::Listener,
    message::PubSubMessage,
    scripts::{self, PublishCall, PublishReply},
};
use crate::{
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, Notice, OpenedBy, Payload, PublishError,
        Subscription,
    },
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// How long the state of a channel is kept after its operation ended, unless set otherwise.
const RETENTION: Duration = Duration::from_secs(300);

/// A channel layer over Redis 6.2 or later, or Valkey, for any number of processes. Cheap to clone.
///
/// A frame is one script in Redis, which assigns its number, keeps the newest of every region and
/// hands the frame to every process that watches; the state of a channel is one hash, and so in one
/// slot. A process has two connections: one over which everything is asked, side by side, and one that
/// listens.
///
/// Redis may go away, and come back empty: nothing is lost with it but time. Both connections are
/// made anew, after pauses that grow to five seconds and differ from process to process; those who
/// watch catch up, and a run whose channel is gone opens it again. While it is away, an operation
/// keeps what there is to show, the newest of it, and goes on: whatever is published fails within
/// two seconds, or at once when it has been away that long.
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
    /// A layer over the server at `url`, which is connected to when it is first needed.
    ///
    /// `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS, which trusts what the
    /// system trusts, and `redis+unix:///path`.
    ///
    /// # Errors
    ///
    /// When the URL is none of these.
    pub fn new(url: &str) -> Result<Self, ChannelError> {
        let client = Client::open(url).map_err(failed_to("read the URL of Redis"))?;
        Ok(Self::with_client(client))
    }

    /// A layer over a client of the application's: for certificates of its own, say.
    pub fn with_client(client: Client) -> Self {
        Self {
            link: RedisConnection::new(client.clone()),
            listener: Arc::new(Listener::new(client)),
            prefix: "liveops:".into(),
            retention: RETENTION,
        }
    }

    /// What the names of keys and channels begin with; `liveops:` unless given. Applications that
    /// share a server need different ones: the channels of one database are heard in all others.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Keeps the state of a channel for this long after its operation ended, five minutes unless
    /// given; after that the row is the truth.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// The key of a channel's state, and the name under which it is delivered.
    ///
    /// The braces say what of it decides on the slot.
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
        self.link.invoke(&invocation).await.map_err(failed_to("catch up with a channel"))
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
        // Without the client, whose address has a password.
        f.debug_struct("RedisChannelLayer")
            .field("prefix", &self.prefix)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

fn failed_to(action: &'static str) -> impl FnOnce(RedisError) -> ChannelError {
    move |error| ChannelError::new(action, error)
}
