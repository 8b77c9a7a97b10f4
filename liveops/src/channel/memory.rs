//! The channel layer for one process: retained states and subscribers in a mutex. No I/O.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    CENTURY, CatchUp, ChannelError, ChannelLayer, Cursor, Delivery, DeliverySender, Epoch, Frame,
    Notice, OpenedBy, Payload, PublishError, RetainedState, Signal, Subscription,
};
use crate::{
    operation::{Attempt, ChannelName},
    render::Fragment,
};

/// Default time for which the state of a channel is kept after its operation ended.
const RETENTION: Duration = Duration::from_secs(300);

/// A channel layer within one process. The default layer, without any dependency.
///
/// Cheap to clone; clones share their channels.
///
/// ```
/// # use liveops::{LiveOps, store};
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use liveops::channel::MemoryChannelLayer;
///
/// # let db = store::connect("sqlite::memory:").await?;
/// let layer = MemoryChannelLayer::new().with_retention(Duration::from_secs(3600));
/// let liveops = LiveOps::builder(db).channel_layer(layer).build()?;
/// # Ok(())
/// # }
/// ```
///
/// A test can use the layer without operations:
///
/// ```
/// use liveops::{
///     Attempt, ChannelName, OperationId,
///     channel::{
///         ChannelLayer, Delivery, Fragment, Frame, MemoryChannelLayer, OpenedBy, Payload, Region,
///     },
/// };
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = MemoryChannelLayer::new();
/// let channel = ChannelName::operation(OperationId::new());
/// let snapshot = vec![Fragment::replace(Region::Status, "Waiting")];
/// layer.open(&channel, Attempt(1), OpenedBy::Run, snapshot).await?;
///
/// let mut subscription = layer.subscribe(&channel).await?;
/// let payload = Payload::Fragments(vec![Fragment::replace(Region::Status, "Row 1 of 3")]);
/// let cursor = layer.publish(&channel, Attempt(1), payload.clone()).await?;
/// match subscription.next().await {
///     Some(Ok(Delivery::Frame(frame))) => assert_eq!(*frame, Frame { cursor, payload }),
///     other => panic!("expected a frame, found {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MemoryChannelLayer {
    channels: Arc<Mutex<Channels>>,
    retention: Duration,
}

#[derive(Debug, Default)]
struct Channels {
    by_name: HashMap<ChannelName, MemoryChannel>,
    swept_on: Option<Instant>,
}

#[derive(Debug)]
struct MemoryChannel {
    retained: Option<RetainedState>,
    opened_by: OpenedBy,
    ended_on: Option<Instant>,
    deliveries: DeliverySender,
}

impl MemoryChannelLayer {
    /// Creates a layer without channels. The layer keeps the state of a channel for five minutes after its
    /// operation ended.
    pub fn new() -> Self {
        Self { channels: Arc::default(), retention: RETENTION }
    }

    /// Sets the time for which the layer keeps the state of a channel after its operation ended, at most a
    /// century. Later clients read the operation's row.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention.min(CENTURY);
        self
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryChannelLayer {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ChannelLayer for MemoryChannelLayer {
    async fn open(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        opened_by: OpenedBy,
        snapshot: Vec<Fragment>,
    ) -> Result<Cursor, PublishError> {
        let mut channels = self.channels();
        channels.sweep(self.retention);
        let channel = channels.entry(channel);
        match (channel.attempt(), opened_by) {
            (Some(current), OpenedBy::Queue) if current == attempt => {
                Err(PublishError::Stale { current })
            }
            _ => {
                channel.admit(attempt)?;
                Ok(channel.open(attempt, opened_by, snapshot))
            }
        }
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        let mut channels = self.channels();
        let channel = channels.entry(channel);
        channel.admit(attempt)?;
        let retained = channel
            .retained
            .as_mut()
            .filter(|retained| retained.cursor().epoch.attempt == attempt)
            .ok_or(PublishError::NotOpen)?;
        let cursor = retained.push(&payload);
        if matches!(payload, Payload::Signal(Signal::Finished(_))) {
            channel.ended_on = Some(Instant::now());
        }
        channel.deliver(Frame { cursor, payload });
        Ok(cursor)
    }

    async fn catch_up(
        &self,
        channel: &ChannelName,
        since: Option<Cursor>,
    ) -> Result<Option<CatchUp>, ChannelError> {
        let channels = self.channels();
        Ok(channels.by_name.get(channel).and_then(|channel| channel.catch_up(since)))
    }

    async fn subscribe(&self, channel: &ChannelName) -> Result<Subscription, ChannelError> {
        let mut channels = self.channels();
        channels.sweep(self.retention);
        Ok(channels.entry(channel).deliveries.subscribe())
    }

    async fn announce(&self, channel: &ChannelName, notice: Notice) -> Result<(), ChannelError> {
        if let Some(channel) = self.channels().by_name.get(channel) {
            channel.deliveries.deliver(Delivery::Notice(notice));
        }
        Ok(())
    }

    async fn ping(&self) -> Result<(), ChannelError> {
        Ok(())
    }
}

impl Channels {
    fn entry(&mut self, name: &ChannelName) -> &mut MemoryChannel {
        self.by_name.entry(name.clone()).or_insert_with(|| MemoryChannel {
            retained: None,
            opened_by: OpenedBy::Run,
            ended_on: None,
            deliveries: DeliverySender::new(),
        })
    }

    /// Removes the states whose retention has passed, and channels without state and subscribers. Runs at
    /// most once per quarter of the retention, because it visits every channel.
    fn sweep(&mut self, retention: Duration) {
        let now = Instant::now();
        if self.swept_on.is_some_and(|swept_on| now - swept_on < retention / 4) {
            return;
        }
        self.swept_on = Some(now);
        self.by_name.retain(|_, channel| {
            if channel.ended_on.is_some_and(|ended_on| now - ended_on >= retention) {
                channel.retained = None;
            }
            channel.retained.is_some() || channel.deliveries.has_subscribers()
        });
    }
}

impl MemoryChannel {
    fn admit(&self, attempt: Attempt) -> Result<(), PublishError> {
        match self.attempt() {
            Some(current) if current > attempt => Err(PublishError::Stale { current }),
            _ => Ok(()),
        }
    }

    /// Returns the attempt that holds the channel, if any.
    fn attempt(&self) -> Option<Attempt> {
        self.retained.as_ref().map(|retained| retained.cursor().epoch.attempt)
    }

    fn catch_up(&self, since: Option<Cursor>) -> Option<CatchUp> {
        let caught_up = self.retained.as_ref()?.catch_up(since);
        // The worker may be in a process that does not reach this layer.
        let is_provisional = self.opened_by == OpenedBy::Queue && !caught_up.ended;
        Some(CatchUp { is_provisional, ..caught_up })
    }

    fn open(&mut self, attempt: Attempt, opened_by: OpenedBy, snapshot: Vec<Fragment>) -> Cursor {
        let retained = RetainedState::open(Epoch::begin(attempt), &snapshot);
        let cursor = retained.cursor();
        self.retained = Some(retained);
        self.opened_by = opened_by;
        self.ended_on = None;
        self.deliver(Frame { cursor, payload: Payload::Fragments(snapshot) });
        cursor
    }

    fn deliver(&self, frame: Frame) {
        self.deliveries.deliver(Delivery::Frame(Arc::new(frame)));
    }
}
