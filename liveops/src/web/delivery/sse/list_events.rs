//! The event stream of list changes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Extension,
    http::HeaderMap,
    response::{Response, sse},
};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::time::{self, Instant};

use super::event_stream::{answer, last_event_id};
use crate::{
    channel::ListChange,
    metrics::{Counter, Transport, deliveries},
    operation::{ChannelName, OperationId},
    runner::ClientConnection,
    web::{
        auth::viewer::{Authenticated, Viewer},
        delivery::{
            close::Close,
            hub::{HubItem, HubSubscription},
            messages::WIRE_VERSION,
        },
        error::WebError,
        state::Web,
    },
};

/// Minimum time between two events of a list. Changes in between are merged into one event.
const INTERVAL: Duration = Duration::from_secs(1);

/// Streams the changes of the viewer's list, for the server-sent events extension of htmx and for tools.
///
/// `operations-changed` asks the client to reload the list. A client that may have missed a change gets this
/// event as soon as it connects. `operation-row` carries elements of the rows of running operations.
pub(in crate::web) async fn events<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    headers: HeaderMap,
) -> Response {
    match ListEvents::begin(web.clone(), viewer.clone(), &headers).await {
        Ok(events) => answer(events.into_stream()),
        Err(error) => error.into_json(web.renderer_for(&viewer).language()),
    }
}

/// One client of the event stream of a list.
struct ListEvents {
    web: Web,
    viewer: Viewer,
    client: ClientConnection,
    channel: ChannelName,
    subscription: HubSubscription,
    /// `true` if the client has to reload the list.
    changed: bool,
    /// The newest elements of the rows of operations that progressed.
    rows: BTreeMap<OperationId, Arc<str>>,
    free_on: Instant,
    /// The time of the next check of the access policy.
    check_on: Instant,
    keepalive: Duration,
    delivered: Counter,
}

impl ListEvents {
    async fn begin(web: Web, viewer: Viewer, headers: &HeaderMap) -> Result<Self, WebError> {
        let client = web
            .try_open(&viewer.id, Transport::EventStream)
            .ok_or_else(WebError::too_many_connections)?;
        let channel = viewer.list_channel();
        let subscription = web.hub.subscribe(&channel).await?;
        let changed = last_event_id(headers) != Some(subscription.revision().to_string());
        let keepalive = web.engine().config.keepalive;
        Ok(Self {
            client,
            channel,
            subscription,
            changed,
            rows: BTreeMap::new(),
            free_on: Instant::now(),
            check_on: Instant::now() + keepalive,
            keepalive,
            delivered: deliveries(Transport::EventStream),
            web,
            viewer,
        })
    }

    fn into_stream(self) -> impl Stream<Item = sse::Event> {
        stream::unfold(self, async |mut events| Some((events.next().await?, events)))
    }

    async fn next(&mut self) -> Option<sse::Event> {
        let quiet_until = Instant::now() + self.keepalive;
        loop {
            if Instant::now() >= self.check_on {
                self.check_on = Instant::now() + self.keepalive;
                if !self.web.engine().access.may_follow_list(&self.viewer, &self.channel) {
                    self.client.set_close_code(Close::NOT_ALLOWED.code);
                    return None;
                }
            }
            let has_changes = self.changed || !self.rows.is_empty();
            let until = if has_changes { self.free_on } else { quiet_until };
            tokio::select! {
                dismissal = self.client.wait_for_dismissal() => {
                    self.client.set_close_code(Close::from(dismissal).code);
                    return None;
                }
                Some(item) = self.subscription.next() => self.apply(item)?,
                () = time::sleep_until(until) => {
                    return Some(if has_changes { self.next_event() } else { comment() });
                }
            }
        }
    }

    /// Records an item. Returns `None` if the stream has to end.
    fn apply(&mut self, item: HubItem) -> Option<()> {
        match item {
            HubItem::List(ListChange::Progress(progress), _) => {
                let access = &self.web.engine().access;
                if access.may_see_progress(&self.viewer, &self.channel, &progress) {
                    self.rows.insert(progress.id, progress.html);
                }
            }
            HubItem::List(ListChange::Rows | ListChange::Row(_), _) | HubItem::Lost => {
                self.changed = true;
            }
            HubItem::Frame(..) => {}
            HubItem::Ended => {
                self.client.set_close_code(Close::FAILED.code);
                return None;
            }
        }
        Some(())
    }

    /// Returns the next event: a list change first, because the reloaded list contains the rows.
    fn next_event(&mut self) -> sse::Event {
        self.free_on = Instant::now() + INTERVAL;
        self.delivered.increment(1);
        let event = sse::Event::default().id(self.subscription.revision().to_string());
        if self.changed {
            self.changed = false;
            let list = json!({ "channel": self.channel.as_str(), "wire": WIRE_VERSION });
            event.event("operations-changed").data(list.to_string())
        } else {
            let rows = std::mem::take(&mut self.rows);
            let html: String = rows.values().map(|html| &**html).collect();
            event.event("operation-row").data(html)
        }
    }
}

fn comment() -> sse::Event {
    sse::Event::default().comment("")
}
