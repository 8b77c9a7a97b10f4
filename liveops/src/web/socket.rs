use axum::{
    Extension,
    extract::{Query, WebSocketUpgrade, ws::WebSocket},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    consumer::{Close, Consumer},
    error::WebError,
    guard::is_own_origin,
    state::Web,
    viewer::{Authenticated, Viewer},
};
use crate::token::SubscriptionToken;

/// How large a message of a client may be.
pub(super) const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// A channel to begin with, for clients that cannot send a message first. liveops.js can, which
/// keeps the token out of access logs.
#[derive(Debug, Deserialize)]
pub(super) struct FirstSubscription {
    subscription_token: Option<SubscriptionToken>,
    since: Option<String>,
}

pub(super) async fn connect<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Query(first): Query<FirstSubscription>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_own_origin(&web, &headers) {
        return WebError::forbidden("Connections from other sites are refused.").into_response();
    }
    // The default read buffer alone would cost 128 KiB for every open page.
    upgrade
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(1 << 20)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| serve(web, viewer, first, socket))
}

async fn serve(web: Web, viewer: Viewer, first: FirstSubscription, socket: WebSocket) {
    let counted = web.count_connection(&viewer.id);
    let mut consumer = Consumer::new(web, viewer, socket);
    let close = match counted {
        None => Close::TOO_MANY,
        Some(_counted) => {
            let first = first.subscription_token.map(|token| (token, first.since));
            consumer.run(first).await
        }
    };
    consumer.close(close).await;
}
