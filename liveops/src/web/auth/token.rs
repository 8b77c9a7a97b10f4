//! New subscription tokens for open pages.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::viewer::{Authenticated, Viewer};
use crate::{
    operation::ChannelName,
    token::SubscriptionToken,
    web::{error::WebError, state::Web},
};

/// Number of bytes for each channel in a request. An empty text in JSON needs eight times its size in memory.
pub(in crate::web) const CHANNEL_BYTES_MAX: usize = 1 << 10;

/// A request for new tokens for the channels that a page follows.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct TokenRequest {
    channels: Vec<String>,
}

/// New tokens by channel, for the requested channels that the viewer may follow.
#[derive(Debug, Serialize)]
pub(in crate::web) struct TokenResponse {
    tokens: BTreeMap<String, SubscriptionToken>,
}

/// Issues new tokens to a page whose tokens have expired.
pub(in crate::web) async fn refresh<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    wanted: Result<Json<TokenRequest>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let granted = async {
        let Json(wanted) = wanted
            .map_err(|error| WebError::new(error.status(), "invalid_input", error.body_text()))?;
        issue_tokens(&web, &viewer, wanted).await
    };
    match granted.await {
        Ok(granted) => Json(granted).into_response(),
        Err(error) => error.into_json(web.renderer_for(&viewer).language()),
    }
}

async fn issue_tokens(
    web: &Web,
    viewer: &Viewer,
    wanted: TokenRequest,
) -> Result<TokenResponse, WebError> {
    let channels_max = web.engine().config.subscriptions_per_connection_max;
    if wanted.channels.len() > channels_max {
        return Err(WebError::unreadable(format!(
            "Expected at most {channels_max} channels, found {}.",
            wanted.channels.len()
        )));
    }
    let mut tokens = BTreeMap::new();
    for name in wanted.channels {
        let Ok(channel) = name.parse::<ChannelName>() else { continue };
        if may_follow(web, viewer, &channel).await? {
            tokens.insert(name, web.engine().keys.sign(&viewer.id, &channel)?);
        }
    }
    Ok(TokenResponse { tokens })
}

async fn may_follow(web: &Web, viewer: &Viewer, channel: &ChannelName) -> Result<bool, WebError> {
    let access = &web.engine().access;
    match channel.operation_id() {
        Some(id) => {
            let row = web.engine().store.find(id).await?;
            Ok(row.is_some_and(|row| access.may_see(viewer, &row)))
        }
        None => Ok(access.may_follow_list(viewer, channel)),
    }
}
