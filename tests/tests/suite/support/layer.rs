//! Channel layers of tests: a layer of which a test changes single methods.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use liveops::{
    Attempt, ChannelName,
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, DeliverySender, Fragment, MemoryChannelLayer,
        Notice, OpenedBy, Payload, PublishError, Subscription,
    },
};
use tokio::task::AbortHandle;

/// The methods of a channel layer that a test changes. The others are those of [`inner`](Self::inner).
#[async_trait]
pub(crate) trait LayerOverrides: fmt::Debug + Send + Sync + 'static {
    type Inner: ChannelLayer;

    fn inner(&self) -> &Self::Inner;

    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        self.inner().open(channel, attempt, opened_by, snapshot).await
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        self.inner().publish(channel, attempt, payload).await
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        self.inner().catch_up(channel, since).await
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        self.inner().subscribe(channel).await
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        self.inner().announce(channel, notice).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.inner().ping().await
    }
}

/// A channel layer with the changed methods of `T`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overridden<T>(pub(crate) T);

#[async_trait]
impl<T: LayerOverrides> ChannelLayer for Overridden<T> {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        self.0.open(channel, attempt, opened_by, snapshot).await
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        self.0.publish(channel, attempt, payload).await
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        self.0.catch_up(channel, since).await
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        self.0.subscribe(channel).await
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        self.0.announce(channel, notice).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.0.ping().await
    }
}

type BeforePublish = Arc<dyn Fn(&ChannelName, &Payload) -> BoxFuture<'static, ()> + Send + Sync>;

/// Does something of the test's before a frame is published.
#[derive(Clone)]
pub(crate) struct Hook {
    inner: MemoryChannelLayer,
    before_publish: BeforePublish,
}

pub(crate) type HookedLayer = Overridden<Hook>;

impl HookedLayer {
    pub(crate) fn new(
        before_publish: impl Fn(&ChannelName, &Payload) -> BoxFuture<'static, ()>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let before_publish = Arc::new(before_publish);
        Self(Hook { inner: MemoryChannelLayer::new(), before_publish })
    }
}

#[async_trait]
impl LayerOverrides for Hook {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.inner
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
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").finish_non_exhaustive()
    }
}

/// Loses deliveries when the test says so, as they are lost on the way from another machine. The
/// retained state is complete.
#[derive(Debug, Clone, Default)]
pub(crate) struct Losses {
    inner: MemoryChannelLayer,
    loses: Arc<AtomicBool>,
    carriers: Arc<Mutex<Vec<AbortHandle>>>,
}

pub(crate) type LossyLayer = Overridden<Losses>;

impl LossyLayer {
    /// Loses every delivery from now on.
    pub(crate) fn lose(&self) {
        self.0.loses.store(true, Ordering::SeqCst);
    }

    /// Ends every subscription there is.
    pub(crate) fn end_subscriptions(&self) {
        self.0.carriers.lock().unwrap().drain(..).for_each(|carrier| carrier.abort());
    }
}

#[async_trait]
impl LayerOverrides for Losses {
    type Inner = MemoryChannelLayer;

    fn inner(&self) -> &MemoryChannelLayer {
        &self.inner
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        let mut source = self.inner.subscribe(channel).await?;
        let deliveries = DeliverySender::new();
        let subscription = deliveries.subscribe();
        let loses = self.loses.clone();
        let carrier = tokio::spawn(async move {
            while let Some(Ok(delivery)) = source.next().await {
                if !loses.load(Ordering::SeqCst) {
                    deliveries.deliver(delivery);
                }
            }
        });
        self.carriers.lock().unwrap().push(carrier.abort_handle());
        Ok(subscription)
    }
}
