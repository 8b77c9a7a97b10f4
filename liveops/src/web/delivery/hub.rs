use std::{
    collections::HashMap,
    error::Error,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use axum::extract::ws::Utf8Bytes;
use futures_util::Stream;
use tokio::{sync::broadcast, task::AbortHandle, time};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::{catch_up::CatchUpState, messages, revision::ListRevision};
use crate::{
    channel::{
        CatchUp, CatchUpAnswer, ChannelError, ChannelLayer, Cursor, Delivery, Frame, ListChange,
        Notice, Subscription,
    },
    metrics::{client_lagged, subscription_lagged},
    operation::{Attempt, ChannelName, OperationId, OperationState},
    render::Renderer,
    store::{Store, StoreError},
};

/// When the row of an operation that the channel layer does not know is looked at first, and then
/// after ever twice that time.
const FIRST_ROW_POLL_AFTER: Duration = Duration::from_secs(1);

/// How many items a client may be behind before it has to catch up.
const BACKLOG_LEN_MAX: usize = 64;

/// One upstream subscription per channel, however many clients of this process watch: a frame is
/// encoded once and shared by all of them.
#[derive(Debug)]
pub(in crate::web) struct Hub {
    layer: Arc<dyn ChannelLayer>,
    rows: Arc<dyn RowLookup>,
    renderer: Renderer,
    /// How long a channel may be quiet before somebody asks whether it really was.
    quiet_max: Duration,
    channels: Mutex<HashMap<ChannelName, Weak<HubChannel>>>,
}

/// The rows of the operations, as far as the hub has to know them.
#[async_trait]
pub(in crate::web) trait RowLookup: fmt::Debug + Send + Sync {
    /// The attempt an operation is at, and its state; `None` where there is none.
    async fn attempt_and_state(
        &self,
        id: OperationId,
    ) -> Result<Option<(Attempt, OperationState)>, StoreError>;
}

#[async_trait]
impl RowLookup for Store {
    async fn attempt_and_state(
        &self,
        id: OperationId,
    ) -> Result<Option<(Attempt, OperationState)>, StoreError> {
        let row = self.find(id).await?;
        Ok(row.map(|row| (row.attempt_number(), row.state())))
    }
}

/// What a client gets of a channel.
#[derive(Debug, Clone)]
pub(in crate::web) enum HubItem {
    /// The next frame, with its text where that is the same for every client.
    Frame(Arc<Frame>, Option<Utf8Bytes>),
    /// What changed in a list, and its text.
    List(ListChange, Utf8Bytes),
    /// Something was lost: catch up.
    Lost,
    /// The channel layer stopped delivering.
    Ended,
}

/// A channel that at least one client watches.
#[derive(Debug)]
struct HubChannel {
    /// The pump holds the sender, so that the clients hear when it ends.
    items: broadcast::WeakSender<HubItem>,
    pump: AbortHandle,
    revision: Arc<ListRevision>,
}

/// One client's view of a channel, from the moment of subscribing.
#[derive(Debug)]
pub(in crate::web) struct HubSubscription {
    items: BroadcastStream<HubItem>,
    /// Keeps the channel's upstream subscription alive.
    channel: Arc<HubChannel>,
}

impl Hub {
    pub(in crate::web) fn new(
        layer: Arc<dyn ChannelLayer>,
        rows: Arc<dyn RowLookup>,
        renderer: Renderer,
        quiet_max: Duration,
    ) -> Self {
        Self { layer, rows, renderer, quiet_max, channels: Mutex::default() }
    }

    /// Gives every item of `name` from now on.
    pub(in crate::web) async fn subscribe(
        &self,
        name: &ChannelName,
    ) -> Result<HubSubscription, ChannelError> {
        if let Some(subscription) = find(&self.channels(), name) {
            return Ok(subscription);
        }
        let upstream = self.layer.subscribe(name).await?;
        // Whatever is published from here on is delivered or missed, and clients look later still.
        let state = self.layer.catch_up(name, None).await.unwrap_or_else(|error| {
            tracing::debug!(channel = %name, error = &error as &dyn Error, "will ask again");
            None
        });
        Ok(self.open(name, upstream, state))
    }

    /// Watches the channel fed by `upstream`, or the one that somebody else opened meanwhile.
    fn open(
        &self,
        name: &ChannelName,
        upstream: Subscription,
        state: Option<CatchUp>,
    ) -> HubSubscription {
        let mut channels = self.channels();
        if let Some(subscription) = find(&channels, name) {
            return subscription;
        }
        // Channels that nobody watches any more leave their name behind.
        channels.retain(|_, channel| channel.strong_count() > 0);
        let (items, first) = broadcast::channel(BACKLOG_LEN_MAX);
        let revision = Arc::new(ListRevision::begin());
        let mut pump = Pump {
            layer: self.layer.clone(),
            rows: self.rows.clone(),
            renderer: self.renderer.clone(),
            name: name.clone(),
            quiet_max: self.quiet_max,
            row_poll_wait: FIRST_ROW_POLL_AFTER.min(self.quiet_max),
            newest: None,
            has_ended: false,
            revision: revision.clone(),
            items: items.clone(),
        };
        if let Some(state) = state {
            pump.record_state(&state);
        }
        let channel = Arc::new(HubChannel {
            items: items.downgrade(),
            pump: tokio::spawn(pump.run(upstream)).abort_handle(),
            revision,
        });
        channels.insert(name.clone(), Arc::downgrade(&channel));
        HubSubscription { items: BroadcastStream::new(first), channel }
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<ChannelName, Weak<HubChannel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(
    channels: &HashMap<ChannelName, Weak<HubChannel>>,
    name: &ChannelName,
) -> Option<HubSubscription> {
    let channel = channels.get(name)?.upgrade()?;
    let items = channel.items.upgrade()?.subscribe();
    Some(HubSubscription { items: BroadcastStream::new(items), channel })
}

/// Hands what comes from the channel layer to every client.
struct Pump {
    layer: Arc<dyn ChannelLayer>,
    rows: Arc<dyn RowLookup>,
    renderer: Renderer,
    name: ChannelName,
    quiet_max: Duration,
    /// How long to wait until the row is looked at, where the channel layer knows nothing.
    row_poll_wait: Duration,
    newest: Option<Cursor>,
    /// Whether the operation had ended when the channel layer was last asked, and nothing came
    /// since.
    has_ended: bool,
    revision: Arc<ListRevision>,
    items: broadcast::Sender<HubItem>,
}

impl Pump {
    async fn run(mut self, mut upstream: Subscription) {
        loop {
            let item = match time::timeout(self.next_quiet_interval(), upstream.next()).await {
                Ok(Some(Ok(Delivery::Frame(frame)))) => self.frame(frame),
                Ok(Some(Ok(Delivery::Notice(Notice::List(change))))) => self.list(change),
                // For workers, on a channel that nobody watches here.
                Ok(Some(Ok(Delivery::Notice(Notice::Worker(_))))) => continue,
                Ok(Some(Err(_lagged))) => {
                    subscription_lagged();
                    self.lost()
                }
                Ok(None) => return,
                Err(_quiet) if self.check_for_gap().await => self.lost(),
                Err(_quiet) => continue,
            };
            // An error says that the last client has just left.
            let _ = self.items.send(item);
        }
    }

    /// How long the channel may be quiet this time.
    fn next_quiet_interval(&mut self) -> Duration {
        if self.name.operation_id().is_none() || self.newest.is_some() {
            return self.quiet_max;
        }
        let row_poll_wait = self.row_poll_wait;
        self.row_poll_wait = (row_poll_wait * 2).min(self.quiet_max);
        row_poll_wait
    }

    fn frame(&mut self, frame: Arc<Frame>) -> HubItem {
        self.newest = self.newest.max(Some(frame.cursor));
        self.has_ended = false;
        let text = messages::encode_shared(&self.renderer, &self.name, &frame);
        HubItem::Frame(frame, text)
    }

    fn list(&self, change: ListChange) -> HubItem {
        let text = match &change {
            ListChange::Rows => {
                self.revision.advance();
                messages::encode_list_changed(&self.name)
            }
            ListChange::Progress(progress) => messages::encode_row_progress(&self.name, progress),
        };
        HubItem::List(change, text)
    }

    fn lost(&self) -> HubItem {
        self.revision.advance();
        HubItem::Lost
    }

    /// Takes note of a state that every client gets to know.
    fn record_state(&mut self, state: &CatchUp) {
        self.newest = Some(state.cursor);
        self.has_ended = state.ended;
    }

    /// A frame that got lost is noticed at the next one; behind the last one none comes.
    async fn check_for_gap(&mut self) -> bool {
        let state = match self.layer.catch_up(&self.name, self.newest).await {
            Ok(state) => state,
            Err(error) => {
                tracing::debug!(channel = %self.name, error = &error as &dyn Error, "not asked");
                // Nobody is told anything until the channel layer is back: let all see for themselves.
                return true;
            }
        };
        let Some(id) = self.name.operation_id() else { return false };
        match state {
            Some(state) => {
                self.record_state(&state);
                state.answer != CatchUpAnswer::UpToDate || self.check_row_is_newer(id, state).await
            }
            // What was retained is gone. That is as it should be after the end; before, the end may
            // be among what is gone, and only the row can tell.
            // Where nothing ever was, the operation waits, or runs where this layer does not reach.
            None => !self.has_ended,
        }
    }

    /// Whether the row says more than the channel layer ever heard: whoever was to tell it may be
    /// gone, or not have reached it.
    async fn check_row_is_newer(&self, id: OperationId, state: CatchUp) -> bool {
        if state.ended {
            return false;
        }
        match self.rows.attempt_and_state(id).await {
            Ok(Some((attempt, row_state))) => {
                CatchUpState::from_channel(Some(state), attempt, row_state).is_none()
            }
            Ok(None) => true,
            Err(error) => {
                tracing::debug!(channel = %self.name, error = &error as &dyn Error, "not looked up");
                false
            }
        }
    }
}

impl Drop for HubChannel {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl HubSubscription {
    /// How often the list has changed.
    pub(in crate::web) fn revision(&self) -> &ListRevision {
        &self.channel.revision
    }
}

impl Stream for HubSubscription {
    type Item = HubItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<HubItem>> {
        Pin::new(&mut self.items).poll_next(cx).map(|item| {
            Some(match item {
                Some(Ok(item)) => item,
                Some(Err(BroadcastStreamRecvError::Lagged(_))) => {
                    client_lagged();
                    HubItem::Lost
                }
                None => HubItem::Ended,
            })
        })
    }
}
