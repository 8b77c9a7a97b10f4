//! The hub: the subscriptions of this process to the channel layer, shared by all clients.

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
};

/// Delay before the row of an operation without state in the channel layer, or with a provisional one, is
/// polled for the first time. The delay doubles with each poll.
const FIRST_ROW_POLL_AFTER: Duration = Duration::from_secs(1);

/// Number of channels up to which the names of closed ones are not removed.
const SWEPT_LEN_MIN: usize = 32;

/// Maximum number of items that a client may lag before it has to catch up.
const BACKLOG_LEN_MAX: usize = 64;

/// The upstream subscriptions of this process, one per channel for any number of clients. Each frame is
/// encoded once and shared by all clients.
#[derive(Debug)]
pub(in crate::web) struct Hub {
    layer: Arc<dyn ChannelLayer>,
    rows: Arc<dyn RowLookup>,
    renderer: Renderer,
    /// The time without frames after which the hub checks for lost frames.
    quiet_max: Duration,
    channels: Mutex<Channels>,
}

#[derive(Debug, Default)]
struct Channels {
    by_name: HashMap<ChannelName, Weak<HubChannel>>,
    /// The number of names at which the names of closed channels are removed.
    sweep_at: usize,
}

/// The access to operation rows that the hub needs.
#[async_trait]
pub(in crate::web) trait RowLookup: fmt::Debug + Send + Sync {
    /// Returns the attempt and the state of an operation, or `None` if the operation does not exist.
    async fn attempt_and_state(
        &self,
        id: OperationId,
    ) -> Result<Option<(Attempt, OperationState)>, RowsUnavailable>;
}

/// The error of a database that does not answer. The lookup has logged the cause.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct RowsUnavailable;

/// An item of a channel, for its clients.
#[derive(Debug, Clone)]
pub(in crate::web) enum HubItem {
    /// The next frame, with its text if the text is the same for every client.
    Frame(Arc<Frame>, Option<Utf8Bytes>),
    /// A change in a list, with its text.
    List(ListChange, Utf8Bytes),
    /// Items were lost: the client has to catch up.
    Lost,
    /// The channel layer stopped delivering.
    Ended,
}

/// A channel with at least one client.
#[derive(Debug)]
struct HubChannel {
    /// Weak, so that only the pump keeps the channel open: clients see its end when the pump ends.
    items: broadcast::WeakSender<HubItem>,
    pump: AbortHandle,
    revision: Arc<ListRevision>,
}

/// The subscription of one client to one channel.
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

    /// Subscribes to the items of `name`.
    pub(in crate::web) async fn subscribe(
        &self,
        name: &ChannelName,
    ) -> Result<HubSubscription, ChannelError> {
        if let Some(subscription) = self.channels().find(name) {
            return Ok(subscription);
        }
        let upstream = self.layer.subscribe(name).await?;
        // A frame published from here on is either delivered or detected as missing, and clients load their
        // state later still.
        let state = self.layer.catch_up(name, None).await.unwrap_or_else(|error| {
            tracing::debug!(
                channel = %name,
                error = &error as &dyn Error,
                "could not query the channel layer; trying again when the channel is quiet"
            );
            None
        });
        Ok(self.open(name, upstream, state))
    }

    /// Opens the channel fed by `upstream`, or joins the channel if another task opened it in the meantime.
    fn open(
        &self,
        name: &ChannelName,
        upstream: Subscription,
        state: Option<CatchUp>,
    ) -> HubSubscription {
        let mut channels = self.channels();
        if let Some(subscription) = channels.find(name) {
            return subscription;
        }
        channels.sweep();
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
            is_provisional: false,
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
        channels.by_name.insert(name.clone(), Arc::downgrade(&channel));
        HubSubscription { items: BroadcastStream::new(first), channel }
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channels {
    fn find(&self, name: &ChannelName) -> Option<HubSubscription> {
        let channel = self.by_name.get(name)?.upgrade()?;
        let items = channel.items.upgrade()?.subscribe();
        Some(HubSubscription { items: BroadcastStream::new(items), channel })
    }

    /// Removes the names of closed channels, whenever their number may have doubled: a visit of every name for
    /// each new channel would be quadratic.
    fn sweep(&mut self) {
        if self.by_name.len() >= self.sweep_at {
            self.by_name.retain(|_, channel| channel.strong_count() > 0);
            self.sweep_at = 2 * self.by_name.len().max(SWEPT_LEN_MIN);
        }
    }
}

/// The task that forwards items from the channel layer to every client of a channel.
struct Pump {
    layer: Arc<dyn ChannelLayer>,
    rows: Arc<dyn RowLookup>,
    renderer: Renderer,
    name: ChannelName,
    quiet_max: Duration,
    /// The delay before the next poll of the row, while the channel layer has no state or a provisional one.
    row_poll_wait: Duration,
    newest: Option<Cursor>,
    /// `true` if a worker of another process may have started the operation without a frame, as far as known.
    /// The row is then polled as without state in the channel layer.
    is_provisional: bool,
    /// `true` if the operation had ended at the last query of the channel layer and no frame has arrived
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
                // Notices for processes use a channel without web clients.
                Ok(Some(Ok(Delivery::Notice(Notice::Worker(_) | Notice::Disconnect(_))))) => {
                    continue;
                }
                Ok(Some(Err(_lagged))) => {
                    subscription_lagged();
                    self.lost()
                }
                Ok(None) => return,
                Err(_quiet) if self.check_for_gap().await => self.lost(),
                Err(_quiet) => continue,
            };
            // An error means that the last client has just left.
            let _ = self.items.send(item);
        }
    }

    /// Returns the time without frames after which the next check is due.
    fn next_quiet_interval(&mut self) -> Duration {
        let is_known = self.newest.is_some() && !self.is_provisional;
        if self.name.operation_id().is_none() || is_known {
            return self.quiet_max;
        }
        let row_poll_wait = self.row_poll_wait;
        self.row_poll_wait = (row_poll_wait * 2).min(self.quiet_max);
        row_poll_wait
    }

    fn frame(&mut self, frame: Arc<Frame>) -> HubItem {
        self.newest = self.newest.max(Some(frame.cursor));
        self.has_ended = false;
        // A frame that opens a history may show a waiting operation. The next query of the channel layer
        // tells.
        self.is_provisional = frame.cursor.is_opening();
        if self.is_provisional {
            self.row_poll_wait = FIRST_ROW_POLL_AFTER.min(self.quiet_max);
        }
        let text = messages::encode_shared(&self.renderer, &self.name, &frame);
        HubItem::Frame(frame, text)
    }

    fn list(&self, change: ListChange) -> HubItem {
        let text = match &change {
            ListChange::Rows | ListChange::Row(_) => {
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

    /// Records a state of the channel layer that every client loads as well.
    fn record_state(&mut self, state: &CatchUp) {
        self.newest = Some(state.cursor);
        self.is_provisional = state.is_provisional;
        self.has_ended = state.ended;
    }

    /// Returns `true` if items may have been lost. The next frame reveals an earlier loss, but the loss of
    /// the last frame is only found by this check.
    async fn check_for_gap(&mut self) -> bool {
        let state = match self.layer.catch_up(&self.name, self.newest).await {
            Ok(state) => state,
            Err(error) => {
                tracing::debug!(
                    channel = %self.name,
                    error = &error as &dyn Error,
                    "could not query the channel layer; every client catches up"
                );
                // Every client now catches up by itself, from the row while the channel layer is unreachable.
                return true;
            }
        };
        let Some(id) = self.name.operation_id() else { return false };
        match state {
            Some(state) => {
                self.record_state(&state);
                state.answer != CatchUpAnswer::UpToDate || self.check_row_is_newer(id, state).await
            }
            // The retained state is gone. This is expected after the end. Before the end, the lost state may
            // have included the end, which is then only in the row. If there never was a state, the operation
            // is waiting, or runs in a process that does not reach this channel layer.
            None => !self.has_ended,
        }
    }

    /// Returns `true` if the row is newer than the state in the channel layer, for example because the
    /// publisher stopped or could not reach the channel layer.
    async fn check_row_is_newer(&self, id: OperationId, state: CatchUp) -> bool {
        if state.ended {
            return false;
        }
        match self.rows.attempt_and_state(id).await {
            Ok(Some((attempt, row_state))) => {
                CatchUpState::from_channel(Some(state), attempt, row_state).is_none()
            }
            Ok(None) => true,
            // Tried again when the channel is quiet.
            Err(RowsUnavailable) => false,
        }
    }
}

impl Drop for HubChannel {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl HubSubscription {
    /// Returns the number of changes of the list.
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
