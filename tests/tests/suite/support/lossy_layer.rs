use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use liveops::{
    Attempt, ChannelName,
    channel::{
        CatchUp, ChannelError, ChannelLayer, Cursor, DeliverySender, MemoryChannelLayer, Notice,
        OpenedBy, Payload, PublishError, Subscription,
    },
    render::Fragment,
};
use tokio::task::AbortHandle;

/// A channel layer whose deliveries get lost when the test says so, as they do on the way from
/// another machine; what it retains is right.
#[derive(Debug, Clone, Default)]
pub(crate) struct LossyLayer {
    inner: MemoryChannelLayer,
    loses: Arc<AtomicBool>,
    carriers: Arc<Mutex<Vec<AbortHandle>>>,
}

impl LossyLayer {
    /// Loses every delivery from now on.
    pub(crate) fn lose(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    /// Ends every subscription there is.
    pub(crate) fn end_subscriptions(&self) {
        self.carriers.lock().unwrap().drain(..).for_each(|carrier| carrier.abort());
    }
}

#[async_trait]
impl ChannelLayer for LossyLayer {
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

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        self.inner.announce(channel, notice).await
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        self.inner.ping().await
    }
}
