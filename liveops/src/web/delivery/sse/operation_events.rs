//! The event stream of one operation.

use std::{collections::VecDeque, sync::Arc};

use axum::{
    Extension,
    extract::{Path, Query},
    http::HeaderMap,
    response::{Response, sse},
};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use tokio::time::{self, Instant, Interval, MissedTickBehavior};

use super::event_stream::{answer, last_event_id};
use crate::{
    channel::Cursor,
    metrics::{Counter, Transport, deliveries},
    operation::ChannelName,
    runner::{ClientConnection, Dismissal},
    web::{
        auth::viewer::{Authenticated, Viewer},
        delivery::{
            close::Close,
            messages::{OutgoingMessage, ServerMessage},
            subscriber::{Step, Subscriber},
        },
        error::WebError,
        pages::page::{self, LoadedOperation},
        state::Web,
    },
};

/// The cursor to start from, for scripts, which cannot send `Last-Event-ID` with the first request.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct EventsQuery {
    since: Option<String>,
}

/// Streams the WebSocket messages of one operation, for networks that block WebSockets and for `curl -N`.
pub(in crate::web) async fn events<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(path): Path<(String, String)>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Response {
    let since = last_event_id(&headers).or(query.since);
    let since = since.and_then(|since| since.parse().ok());
    let entered = async {
        let found = page::find(&web, &viewer, &path).await?;
        let client = web
            .try_open(&viewer.id, Transport::EventStream)
            .ok_or_else(WebError::too_many_connections)?;
        Ok((found, client))
    };
    match entered.await {
        Ok((found, client)) => {
            let events = OperationEvents::begin(web, viewer, found, client, since).await;
            answer(events.into_stream())
        }
        Err(error) => WebError::into_json(error, web.renderer_for(&viewer).language()),
    }
}

/// One client of the event stream of an operation.
struct OperationEvents {
    client: ClientConnection,
    subscriber: Option<Subscriber>,
    pending: VecDeque<sse::Event>,
    keepalive: Interval,
    delivered: Counter,
}

impl OperationEvents {
    async fn begin(
        web: Web,
        viewer: Viewer,
        found: LoadedOperation,
        client: ClientConnection,
        since: Option<Cursor>,
    ) -> Self {
        let keepalive = web.engine().config.keepalive;
        let mut keepalive = time::interval_at(Instant::now() + keepalive, keepalive);
        keepalive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = Self {
            client,
            subscriber: None,
            pending: VecDeque::new(),
            keepalive,
            delivered: deliveries(Transport::EventStream),
        };
        let channel = ChannelName::operation(found.row.operation_id());
        match Subscriber::begin(web, Arc::new(viewer), channel, since).await {
            Ok((subscriber, messages)) => {
                events.subscriber = Some(subscriber);
                events.pending.extend(messages.into_iter().map(event));
            }
            Err(close) => events.end(close),
        }
        events
    }

    fn into_stream(self) -> impl Stream<Item = sse::Event> {
        stream::unfold(self, async |mut events| Some((events.next().await?, events)))
    }

    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                self.delivered.increment(1);
                return Some(event);
            }
            let subscriber = self.subscriber.as_mut()?;
            tokio::select! {
                dismissal = self.client.wait_for_dismissal() => match dismissal {
                    Dismissal::Restart => {
                        self.client.set_close_code(Close::RESTARTING.code);
                        return None;
                    }
                    // The page must request a new token, and not only reconnect.
                    Dismissal::Disconnected => self.end(Close::DISCONNECTED),
                },
                _ = self.keepalive.tick() => {
                    if let Err(close) = subscriber.check_access() {
                        self.end(close);
                        continue;
                    }
                    return Some(sse::Event::default().data(ServerMessage::Ping.encode().as_str()));
                }
                Some(step) = subscriber.next() => self.take(step).await,
            }
        }
    }

    async fn take(&mut self, step: Result<Step, Close>) {
        let Some(subscriber) = &mut self.subscriber else { return };
        let messages = match step {
            Ok(Step::Nothing) => Ok(Vec::new()),
            Ok(Step::Send(messages)) => Ok(messages),
            Ok(Step::CatchUp) => subscriber.catch_up().await,
            Err(close) => Err(close),
        };
        match messages {
            Ok(messages) => self.pending.extend(messages.into_iter().map(event)),
            Err(close) => self.end(close),
        }
    }

    fn end(&mut self, close: Close) {
        self.subscriber = None;
        self.client.set_close_code(close.code);
        let message = ServerMessage::Error { code: close.code, message: close.reason };
        self.pending.push_back(sse::Event::default().data(message.encode().as_str()));
    }
}

fn event(message: OutgoingMessage) -> sse::Event {
    let event = sse::Event::default().data(message.text.as_str());
    match message.cursor {
        Some(cursor) => event.id(cursor.to_string()),
        None => event,
    }
}
