//! The channel layer for one process: retained states and subscribers in a mutex. No I/O.

use std::{
    collections::{BTreeMap, HashMap},
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

/// Default bound on the size of the states that rows can replace: 24 MiB, the states of about 15,000 operations
/// without a log.
const RETAINED_BYTES_MAX: usize = 24 << 20;

/// Approximate size of a channel without its retained state, in bytes: the entries of the maps, the name and the
/// overhead of the allocations.
const CHANNEL_BYTES: usize = 640;

/// A channel layer within one process. The default layer, without any dependency.
///
/// Cheap to clone; clones share their channels.
///
/// The layer keeps the state of each operation that runs. The states of operations that have ended or that wait
/// for a worker are kept within a [bound](Self::with_retained_bytes_max), because clients can read the row
/// instead.
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
    retained_bytes_max: usize,
}

#[derive(Debug, Default)]
struct Channels {
    by_name: HashMap<ChannelName, MemoryChannel>,
    /// The channels whose states rows can replace, by the order in which the states became replaceable.
    replaceable: BTreeMap<u64, ChannelName>,
    /// The next order.
    next: u64,
    /// The size of all replaceable states.
    replaceable_bytes: usize,
    swept_on: Option<Instant>,
}

#[derive(Debug)]
struct MemoryChannel {
    retained: Option<RetainedState>,
    opened_by: OpenedBy,
    ended_on: Option<Instant>,
    replaceable: Option<Replaceable>,
    deliveries: DeliverySender,
}

/// A state that the row can replace: the operation has ended, or waits for a worker.
#[derive(Debug, Clone, Copy)]
struct Replaceable {
    order: u64,
    bytes: usize,
}

impl MemoryChannelLayer {
    /// Creates a layer without channels. The layer keeps the state of a channel for five minutes after its
    /// operation ended.
    pub fn new() -> Self {
        Self {
            channels: Arc::default(),
            retention: RETENTION,
            retained_bytes_max: RETAINED_BYTES_MAX,
        }
    }

    /// Sets the time for which the layer keeps the state of a channel after its operation ended, at most a
    /// century. Later clients read the operation's row.
    #[must_use]
    pub fn with_retention(mut self, retention: Duration) -> Self {
        self.retention = retention.min(CENTURY);
        self
    }

    /// Sets the approximate maximum size of the states of all operations that have ended or that wait for a
    /// worker, in bytes; default 24 MiB. Beyond this size, the layer deletes the oldest of these states before
    /// the end of the [retention](Self::with_retention). Clients then read the operation's row. With 0, only
    /// the states of running operations are kept.
    #[must_use]
    pub fn with_retained_bytes_max(mut self, bytes_max: usize) -> Self {
        self.retained_bytes_max = bytes_max;
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
        let entry = channels.entry(channel);
        match (entry.attempt(), opened_by) {
            (Some(current), OpenedBy::Queue) if current == attempt => {
                return Err(PublishError::Stale { current });
            }
            _ => entry.admit(attempt)?,
        }
        let cursor = entry.open(attempt, opened_by, snapshot);
        channels.update_replaceable(channel, self.retained_bytes_max);
        Ok(cursor)
    }

    async fn publish(
        &self,
        channel: &ChannelName,
        attempt: Attempt,
        payload: Payload,
    ) -> Result<Cursor, PublishError> {
        let mut channels = self.channels();
        let entry = channels.by_name.get_mut(channel).ok_or(PublishError::NotOpen)?;
        let cursor = entry.publish(attempt, payload)?;
        if entry.is_replaceable() {
            channels.update_replaceable(channel, self.retained_bytes_max);
        }
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
            replaceable: None,
            deliveries: DeliverySender::new(),
        })
    }

    /// Records that the state of a channel has changed. Deletes the oldest states that rows can replace beyond
    /// `bytes_max`.
    fn update_replaceable(&mut self, name: &ChannelName, bytes_max: usize) {
        self.forget_replaceable(name);
        let Some(channel) = self.by_name.get_mut(name).filter(|channel| channel.is_replaceable())
        else {
            return;
        };
        let bytes = CHANNEL_BYTES + channel.retained.as_ref().map_or(0, RetainedState::size);
        channel.replaceable = Some(Replaceable { order: self.next, bytes });
        self.replaceable.insert(self.next, name.clone());
        self.replaceable_bytes += bytes;
        self.next += 1;
        while self.replaceable_bytes > bytes_max
            && let Some((_, oldest)) = self.replaceable.first_key_value()
        {
            let oldest = oldest.clone();
            self.forget_replaceable(&oldest);
            self.delete_state(&oldest);
        }
    }

    fn forget_replaceable(&mut self, name: &ChannelName) {
        let channel = self.by_name.get_mut(name);
        if let Some(Replaceable { order, bytes }) =
            channel.and_then(|channel| channel.replaceable.take())
        {
            self.replaceable.remove(&order);
            self.replaceable_bytes -= bytes;
        }
    }

    /// Deletes the state of a channel, and the channel if it has no subscribers.
    fn delete_state(&mut self, name: &ChannelName) {
        let Some(channel) = self.by_name.get_mut(name) else { return };
        channel.retained = None;
        if !channel.deliveries.has_subscribers() {
            self.by_name.remove(name);
        }
    }

    /// Removes the states whose retention has passed, and channels without state and subscribers. Runs at
    /// most once per quarter of the retention, because it visits every channel.
    fn sweep(&mut self, retention: Duration) {
        let now = Instant::now();
        if self.swept_on.is_some_and(|swept_on| now - swept_on < retention / 4) {
            return;
        }
        self.swept_on = Some(now);
        let Self { by_name, replaceable, replaceable_bytes, .. } = self;
        by_name.retain(|_, channel| {
            if channel.ended_on.is_some_and(|ended_on| now - ended_on >= retention) {
                channel.retained = None;
                if let Some(Replaceable { order, bytes }) = channel.replaceable.take() {
                    replaceable.remove(&order);
                    *replaceable_bytes -= bytes;
                }
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

    /// Returns `true` if clients can read the row instead of the state: the operation has ended, or waits for a
    /// worker.
    fn is_replaceable(&self) -> bool {
        self.retained.is_some() && (self.ended_on.is_some() || self.opened_by == OpenedBy::Queue)
    }

    fn publish(&mut self, attempt: Attempt, payload: Payload) -> Result<Cursor, PublishError> {
        self.admit(attempt)?;
        let retained = self
            .retained
            .as_mut()
            .filter(|retained| retained.cursor().epoch.attempt == attempt)
            .ok_or(PublishError::NotOpen)?;
        let cursor = retained.push(&payload);
        if matches!(payload, Payload::Signal(Signal::Finished(_))) {
            self.ended_on = Some(Instant::now());
        }
        self.deliver(Frame { cursor, payload });
        Ok(cursor)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        channel::Finished,
        operation::{OperationId, OperationState},
        projection::Region,
    };

    const ATTEMPT: Attempt = Attempt(1);

    async fn open(
        layer: &MemoryChannelLayer,
        opened_by: OpenedBy,
        html_bytes: usize,
    ) -> ChannelName {
        let channel = ChannelName::operation(OperationId::new());
        let snapshot = vec![Fragment::replace(Region::Status, "x".repeat(html_bytes))];
        layer.open(&channel, ATTEMPT, opened_by, snapshot).await.unwrap();
        channel
    }

    async fn end(layer: &MemoryChannelLayer, channel: &ChannelName) {
        let finished = Finished {
            id: channel.operation_id().unwrap(),
            state: OperationState::FinishedOk,
            url: "/live/".to_owned(),
            success_url: None,
        };
        let payload = Payload::Signal(Signal::Finished(finished));
        layer.publish(channel, ATTEMPT, payload).await.unwrap();
    }

    async fn is_retained(layer: &MemoryChannelLayer, channel: &ChannelName) -> bool {
        layer.catch_up(channel, None).await.unwrap().is_some()
    }

    fn sizes(layer: &MemoryChannelLayer) -> (usize, usize, usize) {
        let channels = layer.channels();
        (channels.by_name.len(), channels.replaceable.len(), channels.replaceable_bytes)
    }

    #[tokio::test]
    async fn the_oldest_ended_states_are_deleted_beyond_the_bound() {
        let layer = MemoryChannelLayer::new().with_retained_bytes_max(10 << 10);
        let (running, mut ended) = (open(&layer, OpenedBy::Run, 8 << 10).await, Vec::new());
        for _ in 0..5 {
            let channel = open(&layer, OpenedBy::Run, 3 << 10).await;
            end(&layer, &channel).await;
            ended.push(channel);
        }
        let mut retained = Vec::new();
        for channel in &ended {
            retained.push(is_retained(&layer, channel).await);
        }
        assert_eq!(retained, [false, false, false, true, true]);
        assert!(is_retained(&layer, &running).await);
        let (channels, replaceable, bytes) = sizes(&layer);
        assert_eq!((channels, replaceable), (3, 2));
        assert!((6 << 10..=10 << 10).contains(&bytes), "{bytes}");
    }

    #[tokio::test]
    async fn the_states_of_waiting_operations_are_bounded_until_a_run_begins() {
        let layer = MemoryChannelLayer::new().with_retained_bytes_max(10 << 10);
        let started = open(&layer, OpenedBy::Queue, 3 << 10).await;
        layer.open(&started, ATTEMPT, OpenedBy::Run, Vec::new()).await.unwrap();
        let mut last = open(&layer, OpenedBy::Queue, 3 << 10).await;
        for _ in 0..100 {
            last = open(&layer, OpenedBy::Queue, 3 << 10).await;
        }
        assert!(is_retained(&layer, &started).await && is_retained(&layer, &last).await);
        assert_eq!(sizes(&layer).0, 3);
    }

    #[tokio::test]
    async fn a_subscription_outlives_the_deleted_state_of_its_channel() {
        let layer = MemoryChannelLayer::new().with_retained_bytes_max(0);
        let channel = open(&layer, OpenedBy::Run, 1).await;
        let mut subscription = layer.subscribe(&channel).await.unwrap();
        end(&layer, &channel).await;
        assert!(!is_retained(&layer, &channel).await);
        // The retry of the operation reaches the subscriber.
        layer.open(&channel, Attempt(2), OpenedBy::Run, Vec::new()).await.unwrap();
        for expected in [ATTEMPT, Attempt(2)] {
            match subscription.next().await {
                Some(Ok(Delivery::Frame(frame))) => {
                    assert_eq!(frame.cursor.epoch.attempt, expected);
                }
                other => panic!("expected a frame, found {other:?}"),
            }
        }
        assert_eq!(sizes(&layer), (1, 0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_state_no_longer_counts() {
        let layer = MemoryChannelLayer::new();
        let channel = open(&layer, OpenedBy::Run, 1).await;
        end(&layer, &channel).await;
        assert_ne!(sizes(&layer), (0, 0, 0));
        tokio::time::advance(2 * RETENTION).await;
        let other = layer.subscribe(&ChannelName::all()).await.unwrap();
        assert!(!is_retained(&layer, &channel).await);
        drop(other);
        assert_eq!(sizes(&layer), (1, 0, 0));
    }
}
