use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use liveops::{
    Attempt, ChannelName,
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, MemoryChannelLayer, Notice, OpenedBy, Payload,
        PublishError, Subscription,
    },
    render::Fragment,
};

type Hook = Arc<dyn Fn(&ChannelName, &Payload) -> BoxFuture<'static, ()> + Send + Sync>;

/// A channel layer that does something of the test's before it publishes a frame.
#[derive(Clone)]
pub(crate) struct HookedLayer {
    inner: MemoryChannelLayer,
    before_publish: Hook,
}

impl HookedLayer {
    pub(crate) fn new(
        before_publish: impl Fn(&ChannelName, &Payload) -> BoxFuture<'static, ()>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { inner: MemoryChannelLayer::new(), before_publish: Arc::new(before_publish) }
    }
}

#[async_trait]
impl ChannelLayer for HookedLayer {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        self.inner.open(channel, attempt, opened_by, snapshot).await
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        (self.before_publish)(channel, &payload).await;
        self.inner.publish(channel, attempt, payload).await
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        self.inner.catch_up(channel, since).await
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        self.inner.subscribe(channel).await
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        self.inner.announce(channel, notice).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.inner.ping().await
    }
}

impl fmt::Debug for HookedLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookedLayer").finish_non_exhaustive()
    }
}
