use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
};

use axum::extract::ws::Utf8Bytes;
use futures_util::Stream;
use tokio::{sync::broadcast, task::AbortHandle};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::wire;
use crate::{
    channel::{ChannelError, ChannelLayer, Delivery, Frame, Subscription},
    operation::ChannelName,
    render::Renderer,
};

/// How many items a client may be behind before it has to catch up.
const BACKLOG_LEN_MAX: usize = 64;

/// One upstream subscription per channel, however many clients of this process watch: a frame is
/// encoded once and shared by all of them.
#[derive(Debug)]
pub(super) struct Hub {
    layer: Arc<dyn ChannelLayer>,
    renderer: Renderer,
    channels: Mutex<HashMap<ChannelName, Weak<HubChannel>>>,
}

/// What a client gets of a channel.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// The next frame, with its text where that is the same for every client.
    Frame(Arc<Frame>, Option<Utf8Bytes>),
    /// The list changed; its text.
    ListChanged(Utf8Bytes),
    /// Something was lost: catch up.
    Lost,
}

/// A channel that at least one client watches.
#[derive(Debug)]
struct HubChannel {
    items: broadcast::Sender<Item>,
    pump: AbortHandle,
}

/// One client's view of a channel, from the moment of subscribing.
#[derive(Debug)]
pub(super) struct Watch {
    items: BroadcastStream<Item>,
    /// Keeps the channel's upstream subscription alive.
    _channel: Arc<HubChannel>,
}

impl Hub {
    pub(super) fn new(layer: Arc<dyn ChannelLayer>, renderer: Renderer) -> Self {
        Self { layer, renderer, channels: Mutex::default() }
    }

    /// Gives every item of `name` from now on.
    pub(super) async fn watch(&self, name: &ChannelName) -> Result<Watch, ChannelError> {
        if let Some(channel) = self.find(name) {
            return Ok(Watch::new(channel));
        }
        let upstream = self.layer.subscribe(name).await?;
        Ok(Watch::new(self.open(name, upstream)))
    }

    fn find(&self, name: &ChannelName) -> Option<Arc<HubChannel>> {
        self.channels().get(name).and_then(Weak::upgrade)
    }

    /// The channel fed by `upstream`, or the one that somebody else opened meanwhile.
    fn open(&self, name: &ChannelName, upstream: Subscription) -> Arc<HubChannel> {
        let mut channels = self.channels();
        if let Some(channel) = channels.get(name).and_then(Weak::upgrade) {
            return channel;
        }
        // Channels that nobody watches any more leave their name behind.
        channels.retain(|_, channel| channel.strong_count() > 0);
        let items = broadcast::Sender::new(BACKLOG_LEN_MAX);
        let pump = pump(self.renderer.clone(), name.clone(), upstream, items.clone());
        let pump = tokio::spawn(pump).abort_handle();
        let channel = Arc::new(HubChannel { items, pump });
        channels.insert(name.clone(), Arc::downgrade(&channel));
        channel
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<ChannelName, Weak<HubChannel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pump(
    renderer: Renderer,
    name: ChannelName,
    mut upstream: Subscription,
    items: broadcast::Sender<Item>,
) {
    while let Some(delivery) = upstream.next().await {
        let item = match delivery {
            Ok(Delivery::Frame(frame)) => {
                let text = wire::encode_shared(&renderer, &name, &frame);
                Item::Frame(frame, text.map(Utf8Bytes::from))
            }
            Ok(Delivery::ListChanged) => Item::ListChanged(wire::encode_list_changed(&name).into()),
            Err(_) => Item::Lost,
        };
        // An error says that the last client has just left.
        let _ = items.send(item);
    }
}

impl Drop for HubChannel {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Watch {
    fn new(channel: Arc<HubChannel>) -> Self {
        Self { items: BroadcastStream::new(channel.items.subscribe()), _channel: channel }
    }
}

impl Stream for Watch {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        Pin::new(&mut self.items).poll_next(cx).map(|item| {
            item.map(|item| match item {
                Ok(item) => item,
                Err(BroadcastStreamRecvError::Lagged(_)) => Item::Lost,
            })
        })
    }
}
