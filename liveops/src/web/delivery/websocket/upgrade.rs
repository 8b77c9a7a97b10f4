//! The upgrade request of a WebSocket.

use axum::{
    Extension,
    extract::{Query, WebSocketUpgrade, ws::WebSocket},
    http::{HeaderMap, Uri},
    response::Response,
};
use serde::Deserialize;

use super::consumer::{Consumer, FirstSubscription};
use crate::{
    language::Text,
    metrics::{Transport, connection_refused},
    token::SubscriptionToken,
    web::{
        auth::{
            origin::is_from_here,
            viewer::{Authenticated, Viewer},
        },
        delivery::close::Close,
        error::WebError,
        state::Web,
    },
};

/// Maximum size of a client message: 64 KiB.
pub(in crate::web) const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Size of the read buffer. Clients send little, and the buffer is cleared whenever a connection is polled.
/// The default would cost 128 KiB per open page.
const READ_BUFFER_BYTES: usize = 1 << 10;

/// Size at which buffered messages are written. A message with no other message behind it is written at once.
const WRITE_BUFFER_BYTES: usize = 16 << 10;

/// A first subscription, for clients that cannot send a message first. liveops.js can, which keeps the token
/// out of access logs.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct SocketQuery {
    subscription_token: Option<SubscriptionToken>,
    since: Option<String>,
}

pub(in crate::web) async fn connect<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Query(query): Query<SocketQuery>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_from_here(&web.engine().config, &uri, &headers) {
        return WebError::forbidden(Text::OtherSite)
            .into_json(web.renderer_for(&viewer).language());
    }
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| serve(web, viewer, query, socket))
}

/// Serves one connection. An `async fn` would keep its arguments in memory, next to the values made from
/// them, for as long as the connection lasts.
fn serve(
    web: Web,
    viewer: Viewer,
    query: SocketQuery,
    socket: WebSocket,
) -> impl Future<Output = ()> {
    let mut client = web.try_open(&viewer.id, Transport::WebSocket);
    let mut consumer = Consumer::new(web, viewer, socket);
    let since = query.since;
    let first = query.subscription_token.map(|token| FirstSubscription { token, since });
    async move {
        let close = match &mut client {
            None => {
                let close = Close::TOO_MANY_CONNECTIONS;
                connection_refused(Transport::WebSocket, close.code);
                close
            }
            Some(client) => {
                let close = consumer.run(client, first).await;
                client.set_close_code(close.code);
                close
            }
        };
        consumer.close(close).await;
    }
}
